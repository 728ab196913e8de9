"""The source archive: what is in it, that it is always the same, and what is refused."""

import os
import tarfile

import pytest

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.staging import source
from sagemaker_spark_py.staging.source import SourceCode, upload_source, write_archive


@pytest.fixture
def folder(tmp_path):
    """A source folder with what belongs into the archive, and what does not."""
    code = tmp_path / "code"
    for name, text in {
        "train.py": "print(1)",
        "nets/mlp.py": "x = 1",
        "requirements.txt": "numpy",
        "__pycache__/train.pyc": "no",
        "nets/__pycache__/mlp.pyc": "no",
        ".git/config": "no",
    }.items():
        path = code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return code


def pack(code, path):
    with path.open("wb") as target:
        write_archive(code.files(), target)
    return path.read_bytes()


def test_the_folders_content_is_the_archives_root(folder, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "io.py").write_text("y = 2")
    (tmp_path / "one.py").write_text("z = 3")
    code = SourceCode("train.py", str(folder), (str(tmp_path / "shared"), str(tmp_path / "one.py")))
    pack(code, tmp_path / "a.tar.gz")
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        texts = {member.name: tar.extractfile(member).read().decode() for member in tar}
    assert texts == {
        "nets/mlp.py": "x = 1",
        "one.py": "z = 3",
        "requirements.txt": "numpy",
        "shared/io.py": "y = 2",
        "train.py": "print(1)",
    }
    assert code.program == "train.py"


def test_a_script_by_itself_with_requirements(tmp_path):
    (tmp_path / "train.py").write_text("1")
    (tmp_path / "needs.in").write_text("torch")
    code = SourceCode(str(tmp_path / "train.py"), requirements=str(tmp_path / "needs.in"))
    assert code.program == "train.py"
    assert list(code.files()) == ["requirements.txt", "train.py"]


def test_the_same_files_give_the_same_bytes(folder, tmp_path):
    code = SourceCode("train.py", str(folder))
    first = pack(code, tmp_path / "a.tar.gz")
    os.utime(folder / "train.py", (1, 1))
    (folder / "train.py").chmod(0o600)
    assert pack(code, tmp_path / "b.tar.gz") == first
    (folder / "train.py").chmod(0o700)  # what a shell script needs is kept
    assert pack(code, tmp_path / "c.tar.gz") != first


def test_links_inside_the_folder_are_followed(folder):
    (folder / "again.py").symlink_to("train.py")
    (folder / "copies").symlink_to("nets")
    files = SourceCode("again.py", str(folder)).files()
    assert {"again.py", "copies/mlp.py", "nets/mlp.py"} <= set(files)


@pytest.mark.parametrize("place", ["secret", "nets/secret"])
def test_a_link_that_leads_outside_is_named(folder, tmp_path, place):
    (tmp_path / "passwords").write_text("hush")
    (folder / place).symlink_to(tmp_path / "passwords")
    with pytest.raises(SettingError, match=f"leads outside its folder: '.*{place}' to '.*passwords'"):
        SourceCode("train.py", str(folder)).files()


def test_links_that_lead_nowhere_or_in_circles_are_named(folder):
    (folder / "gone").symlink_to("nothing")
    with pytest.raises(SettingError, match=r"leads nowhere: '.*gone'"):
        SourceCode("train.py", str(folder)).files()
    (folder / "gone").unlink()
    (folder / "nets" / "round").symlink_to("..")
    with pytest.raises(SettingError, match=r"leads back to its own folder: '.*nets/round'"):
        SourceCode("train.py", str(folder)).files()


def test_what_is_missing_is_named(folder, tmp_path):
    for code, text in [
        (SourceCode("tarin.py", str(folder)), "entryPoint is not in sourceDir: 'tarin.py'"),
        (SourceCode("../one.py", str(folder)), "entryPoint is not in sourceDir"),
        (SourceCode("train.py", str(tmp_path / "cod")), "sourceDir is not there: '.*cod'"),
        (SourceCode(str(tmp_path / "x.py")), "entryPoint is not there: '.*x.py'; expected a file"),
        (SourceCode("train.py", str(folder), ("lib",)), "dependencies is not there: 'lib'"),
        (
            SourceCode("train.py", str(folder), requirements=__file__),
            "two things of one name: 'requirements.txt'",
        ),
        (SourceCode("train.py", str(folder), requirements="r.txt"), "requirements is not there: 'r.txt'"),
        (SourceCode("train.py", str(folder), (str(folder / "nets"),)), "two things of one name: 'nets'"),
    ]:
        with pytest.raises(SettingError, match=text):
            code.files()


def test_too_much_is_refused(folder, monkeypatch):
    monkeypatch.setattr(source, "SOURCE_BYTES_MAX", 10)
    with pytest.raises(SettingError, match="too large: 18 bytes; expected at most 10"):
        SourceCode("train.py", str(folder)).files()


def test_it_is_uploaded_below_the_job(s3, session, place, folder, tmp_path):
    code = SourceCode("train.py", str(folder))
    key = upload_source(code, session, place)
    assert key == "some/job/source/sourcedir.tar.gz"
    assert s3.get_object(Bucket=place.bucket, Key=key)["Body"].read() == pack(code, tmp_path / "a.tar.gz")


def test_the_archive_of_another_job_of_that_name_is_left_alone(s3, session, place, folder):
    s3.put_object(Bucket=place.bucket, Key="some/job/source/sourcedir.tar.gz", Body=b"theirs")
    with pytest.raises(SettingError, match=r"is there already: 's3://.*/some/job/source/sourcedir.tar.gz'"):
        upload_source(SourceCode("train.py", str(folder)), session, place)
    found = s3.get_object(Bucket=place.bucket, Key="some/job/source/sourcedir.tar.gz")
    assert found["Body"].read() == b"theirs"
