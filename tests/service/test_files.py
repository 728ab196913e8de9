"""Files to S3 and back, and the bucket they go to."""

from dataclasses import replace

import pytest

from sagemaker_spark_py.errors import NotFoundError, SettingError
from sagemaker_spark_py.service import S3Downloader, Session


def test_a_file_and_a_folder_go_up_and_come_back(session, s3, place, tmp_path):
    source = tmp_path / "source"
    (source / "a").mkdir(parents=True)
    (source / "a" / "one.csv").write_text("1")
    (source / "two.csv").write_text("2")
    root = f"s3://{place.bucket}"
    assert session.upload_data(str(source), place.bucket, "some/data") == f"{root}/some/data"
    assert session.upload_data(str(source / "two.csv"), place.bucket, "/b/") == f"{root}/b/two.csv"
    listed = S3Downloader.list(f"{root}/some/data", session)
    assert listed == [f"{root}/some/data/a/one.csv", f"{root}/some/data/two.csv"]
    assert S3Downloader.read_file(f"{root}/b/two.csv", session) == "2"
    written = S3Downloader.download(f"{root}/some/data/", str(tmp_path / "back"), session)
    assert written == [str(tmp_path / "back" / "a" / "one.csv"), str(tmp_path / "back" / "two.csv")]
    assert (tmp_path / "back" / "a" / "one.csv").read_text() == "1"
    assert S3Downloader.download(f"{root}/b/two.csv", str(tmp_path / "one"), session) == [
        str(tmp_path / "one" / "two.csv")
    ]


def test_the_default_bucket_is_the_one_of_staging(session, s3, tmp_path):
    (tmp_path / "x").write_text("1")
    session = replace(session, region="sa-east-1")
    assert session.default_bucket() == "123456789012-sagemaker-sa-east-1"
    assert session.upload_data(str(tmp_path / "x")) == "s3://123456789012-sagemaker-sa-east-1/data/x"
    assert s3.get_public_access_block(Bucket=session.default_bucket())["PublicAccessBlockConfiguration"][
        "BlockPublicAcls"
    ]


def test_a_session_without_a_region_finds_it(session, monkeypatch):
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert Session(endpointUrls=session.endpointUrls).default_bucket() == "123456789012-sagemaker-ap-south-1"


def test_what_is_not_there_is_named(session, place):
    with pytest.raises(SettingError, match="Path is not there: 'no/such'"):
        session.upload_data("no/such", place.bucket)
    with pytest.raises(NotFoundError, match="names nothing"):
        S3Downloader.download(f"s3://{place.bucket}/none", "here", session)
    with pytest.raises(NotFoundError):
        S3Downloader.read_file(f"s3://{place.bucket}/none", session)
    with pytest.raises(SettingError, match="S3 URI cannot be read"):
        S3Downloader.list("bucket/key", session)


def test_a_key_never_leads_out_of_the_folder(session, s3, place, tmp_path):
    s3.put_object(Bucket=place.bucket, Key="d/../../evil", Body=b"x")
    with pytest.raises(SettingError, match="leads outside the folder"):
        S3Downloader.download(f"s3://{place.bucket}/d/", str(tmp_path / "in"), session)
    assert not (tmp_path / "evil").exists()
