from __future__ import annotations

import json

from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.staging.manifest import manifest_key, manifest_text

PLACE = Place("bucket", "job/abc")


def test_keys_are_relative_to_the_prefix() -> None:
    text = manifest_text(PLACE, ["job/abc/part-00000-1.pbr", "job/abc/day=1/job/abc/part-1.json"])

    assert json.loads(text) == [
        {"prefix": "s3://bucket/job/abc/"},
        "part-00000-1.pbr",
        "day=1/job/abc/part-1.json",
    ]


def test_names_are_escaped() -> None:
    assert json.loads(manifest_text(PLACE, ['job/abc/a"b\\c.json', "job/abc/ü"]))[1:] == ['a"b\\c.json', "ü"]


def test_the_manifest_lies_beside_the_data() -> None:
    assert manifest_key(PLACE) == "job/abc.manifest"
