from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from sagemaker_spark_py.errors import AccessError
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.staging import Part, Staged
from sagemaker_spark_py.staging import staged as module


def test_more_than_a_page_of_objects_goes_and_neighbours_stay(session, place, s3, keys) -> None:
    own = Place(place.bucket, "some/job1/abc")
    neighbours = [
        "some/job1/abc2/part-00000-1.pbr",
        "some/job1/abc.txt",
        "some/job1/abc",
        "some/job1/abc2.manifest",
        "some/job10/abc/part-00000-1.pbr",
    ]
    orphans = [f"{own.prefix}/part-{i:05d}-{i}.pbr" for i in range(1010)]
    parts = [f"{own.prefix}/deep/part-{i:05d}.pbr" for i in range(40)]
    manifest = f"{own.prefix}.manifest"
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda k: s3.put_object(Bucket=own.bucket, Key=k), [*neighbours, *orphans, *parts, manifest]
            )
        )

    Staged(session, own, tuple(Part(key, 1, 1) for key in parts), manifest).delete()

    assert sorted(keys()) == sorted(neighbours)


def test_what_is_gone_counts_as_deleted(session, place) -> None:
    staged = Staged(session, place, (Part(f"{place.prefix}/part-00000-1.pbr", 1, 1),))

    staged.delete()
    staged.delete()


def test_unfinished_uploads_are_given_up(session, place, s3) -> None:
    mine = s3.create_multipart_upload(Bucket=place.bucket, Key=f"{place.prefix}/part-00000-1.pbr")
    other = s3.create_multipart_upload(Bucket=place.bucket, Key=f"{place.prefix}2/part-00000-1.pbr")

    Staged(session, place, ()).delete()

    left = s3.list_multipart_uploads(Bucket=place.bucket)["Uploads"]
    assert [upload["UploadId"] for upload in left] == [other["UploadId"]]
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.abort_multipart_upload(Bucket=place.bucket, Key=mine["Key"], UploadId=mine["UploadId"])


def test_roles_that_may_not_list_uploads_will_do(session, place, s3, keys, monkeypatch, caplog) -> None:
    def refuses(*_) -> None:
        raise AccessError("No.")

    monkeypatch.setattr(module, "abort_uploads", refuses)
    s3.put_object(Bucket=place.bucket, Key=f"{place.prefix}/orphan")

    with caplog.at_level(logging.WARNING):
        Staged(session, place, ()).delete()

    assert keys() == []
    assert f"Unfinished uploads below {place.uri} could not be looked for: No." in caplog.text


def test_totals(session, place) -> None:
    staged = Staged(session, place, (Part("a", 2, 10), Part("b", 3, 20)))

    assert (staged.rows, staged.bytes) == (5, 30)
    assert Staged(session, place, (Part("a", 2, 10), Part("b", None, 20))).rows is None
