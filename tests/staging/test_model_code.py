"""A model and its code in one artifact."""

import io
import tarfile

import pytest

from sagemaker_spark_py.errors import ArtifactError, NotFoundError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.staging.model_code import add_code


@pytest.fixture
def put(s3, place):
    """Write a tar.gz of texts and return where it is."""

    def write(key, files):
        body = io.BytesIO()
        with tarfile.open(fileobj=body, mode="w:gz") as tar:
            for name, text in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
        s3.put_object(Bucket=place.bucket, Key=key, Body=body.getvalue())
        return S3DataPath(place.bucket, key)

    return write


def read(s3, uri):
    path = S3DataPath.fromS3URI(uri)
    body = s3.get_object(Bucket=path.bucket, Key=path.objectPath)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar}


def test_the_code_stands_below_code_and_goes_before_what_was_there(s3, session, place, put):
    model = put("model.tar.gz", {"./weights": "w" * 100_000, "code/train.py": "old", "code/more.py": "kept"})
    source = put("sourcedir.tar.gz", {"train.py": "new", "lib/a.py": "a"})
    uri = add_code(session, model, source, place)
    assert uri == f"s3://{place.bucket}/some/job/hosting/model.tar.gz"
    assert read(s3, uri) == {
        "code/train.py": "new",
        "code/lib/a.py": "a",
        "code/more.py": "kept",
        "weights": "w" * 100_000,
    }


def test_names_that_need_a_header_of_their_own_are_moved_too(s3, session, place, put):
    names = [f"{'deep/' * 30}a.py", "m\u00f6del.py"]
    source = put("sourcedir.tar.gz", dict.fromkeys(names, "new"))
    found = read(s3, add_code(session, put("model.tar.gz", {"weights": "w"}), source, place))
    assert found == {**{f"code/{name}": "new" for name in names}, "weights": "w"}


def test_what_is_no_archive_or_not_there_is_named(s3, session, place, put, keys):
    source = put("sourcedir.tar.gz", {"train.py": "new"})
    s3.put_object(Bucket=place.bucket, Key="broken", Body=b"x" * 100)
    with pytest.raises(ArtifactError, match=r"Archive 's3://.*/broken' cannot be read"):
        add_code(session, S3DataPath(place.bucket, "broken"), source, place)
    with pytest.raises(NotFoundError, match="gone"):
        add_code(session, S3DataPath(place.bucket, "gone"), source, place)
    assert keys() == ["broken", "sourcedir.tar.gz"]
