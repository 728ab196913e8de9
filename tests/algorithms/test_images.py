"""The image registry: every URI, every refusal, the user's own file."""

import json
import re

import pytest

from sagemaker_spark_py.algorithms import images
from sagemaker_spark_py.algorithms.images import OWN_IMAGES_VARIABLE, get_image_uri
from sagemaker_spark_py.errors import SettingError

REGISTRY = images._registry(None)
CURRENT = "3.2-0"


@pytest.fixture
def own_file(tmp_path, monkeypatch):
    """Return a function that makes a file the user's registry."""

    def use(content):
        path = tmp_path / "own.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        monkeypatch.setenv(OWN_IMAGES_VARIABLE, str(path))
        return path

    return use


@pytest.mark.parametrize(
    ("region", "name", "version", "uri"),
    [
        ("us-west-2", "kmeans", None, "174872318107.dkr.ecr.us-west-2.amazonaws.com/kmeans:1"),
        ("cn-north-1", "pca", None, "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/pca:1"),
        ("eu-west-1", "lda", "1", "999678624901.dkr.ecr.eu-west-1.amazonaws.com/lda:1"),
        ("us-gov-east-1", "knn", None, "237065988967.dkr.ecr.us-gov-east-1.amazonaws.com/knn:1"),
        (
            "us-iso-east-1",
            "randomcutforest",
            None,
            "490574956308.dkr.ecr.us-iso-east-1.c2s.ic.gov/randomcutforest:1",
        ),
        (
            "us-east-1",
            "xgboost",
            "1.0-1",
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3",
        ),
        (
            "me-central-1",
            "xgboost",
            None,
            f"272398656194.dkr.ecr.me-central-1.amazonaws.com/sagemaker-xgboost:{CURRENT}",
        ),
    ],
)
def test_known_uris(region, name, version, uri):
    assert get_image_uri(region, name, version) == uri


def test_every_entry_of_the_registry_gives_a_well_formed_uri():
    form = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.[a-z0-9.-]+/[a-z-]+:[\w.-]+")
    count = 0
    for name, image in REGISTRY["images"].items():
        assert image["default"] in image["versions"]
        for version, entry in image["versions"].items():
            for region in REGISTRY["accounts"][entry["accounts"]]:
                if "retired" not in entry:
                    assert form.fullmatch(get_image_uri(region, name, version))
                    count += 1
    assert count > 500


def test_no_account_table_is_without_use():
    used = {
        entry["accounts"] for image in REGISTRY["images"].values() for entry in image["versions"].values()
    }
    assert used == set(REGISTRY["accounts"])


def test_an_unknown_region_is_refused_with_the_list():
    with pytest.raises(SettingError, match=r"Region for 'lda' .*: 'eu-north-1'; expected one of .*eu-west-1"):
        get_image_uri("eu-north-1", "lda")


def test_an_unknown_algorithm_is_refused_with_the_list():
    with pytest.raises(SettingError, match=r"Algorithm .*: 'k-means'; expected one of .*kmeans.*xgboost"):
        get_image_uri("us-west-2", "k-means")


@pytest.mark.parametrize("version", ["latest", "3.2", "1.1-1"])
def test_an_unknown_version_is_refused_with_the_list(version):
    with pytest.raises(SettingError, match=r"Version of 'xgboost' .*expected one of 0\.90-1, .*3\.2-0\."):
        get_image_uri("us-west-2", "xgboost", version)


def test_a_retired_version_is_refused_with_the_reason():
    with pytest.raises(SettingError, match=r"retired: '1' \(SageMaker no longer .*one of 0\.90-1, "):
        get_image_uri("us-west-2", "xgboost", "1")


def test_the_users_file_adds_and_replaces(own_file):
    mine = {"default": "7", "versions": {"7": {"repository": "r", "tag": "t", "accounts": "mine"}}}
    accounts = {"first_party": {"mx-central-1": "111122223333"}, "mine": {"us-west-2": "9"}}
    own_file({"accounts": accounts, "images": {"xgboost": {"default": "1.7-1"}, "mine": mine}})
    assert get_image_uri("mx-central-1", "kmeans").startswith("111122223333.dkr.ecr.mx-central-1.")
    assert get_image_uri("us-west-2", "mine") == "9.dkr.ecr.us-west-2.amazonaws.com/r:t"
    assert get_image_uri("us-west-2", "xgboost").endswith("/sagemaker-xgboost:1.7-1")
    assert get_image_uri("us-west-2", "kmeans").startswith("174872318107.")


def test_a_null_in_the_users_file_removes(own_file):
    own_file({"images": {"xgboost": {"default": "1", "versions": {"1": {"retired": None}}}, "pca": None}})
    assert get_image_uri("us-west-2", "xgboost") == "433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:1"
    with pytest.raises(SettingError, match="Algorithm"):
        get_image_uri("us-west-2", "pca")


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '"text"',
        {"images": None},
        {"images": {"kmeans": {"default": "2"}}},
        {"images": {"mine": {"default": "7", "versions": {"7": {"tag": "t"}}}}},
        {"accounts": {"first_party": "123456789012"}},
    ],
)
def test_a_bad_file_of_the_user_is_named(own_file, content):
    path = own_file(content)
    with pytest.raises(SettingError, match=re.escape(str(path))):
        get_image_uri("us-west-2", "kmeans")


def test_a_missing_file_of_the_user_is_named(monkeypatch):
    monkeypatch.setenv(OWN_IMAGES_VARIABLE, "/does/not/exist.json")
    with pytest.raises(SettingError, match=r"/does/not/exist\.json"):
        get_image_uri("us-west-2", "kmeans")


def test_a_users_file_with_a_wrong_reference_is_explained(own_file):
    own_file({"images": {"kmeans": {"versions": {"1": {"accounts": "nowhere"}}}}})
    with pytest.raises(SettingError, match=r"Account table of 'kmeans' .*'nowhere'"):
        get_image_uri("us-west-2", "kmeans")


def test_a_region_without_a_partition_is_refused(own_file):
    own_file({"accounts": {"first_party": {"moon-1": "111122223333"}}})
    with pytest.raises(SettingError, match="partition: 'moon-1'"):
        get_image_uri("moon-1", "kmeans")
