"""Model artifacts brought home: saved, unpacked, and the booster that predicts as its endpoint does."""

from __future__ import annotations

import io
import os
import pickle
import sys
import tarfile
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
import xgboost

from sagemaker_spark_py import EndpointCreationPolicy, SageMakerModel
from sagemaker_spark_py.errors import ArtifactError, NotFoundError, SettingError
from sagemaker_spark_py.transformation.deserializers import XGBoostCSVRowDeserializer
from sagemaker_spark_py.transformation.serializers import UnlabeledCSVRequestRowSerializer
from tests.algorithms.exercises import EXERCISES
from tests.algorithms.test_end_to_end import collected, delete, estimator, frame_of
from tests.digits import ROLE

BUCKET = "artifacts"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.fixture(scope="module", autouse=True)
def _bucket(local_sagemaker) -> None:
    boto3.client("s3").create_bucket(Bucket=BUCKET)


def packed(members: dict[str, bytes], *, more: list[tarfile.TarInfo] = ()) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for member in more:
            archive.addfile(member)
    return buffer.getvalue()


def model_of(archive: bytes, image: str = IMAGE) -> SageMakerModel:
    boto3.client("s3").put_object(Bucket=BUCKET, Key="job/output/model.tar.gz", Body=archive)
    return SageMakerModel.fromModelS3Path(
        f"s3://{BUCKET}/job/output/model.tar.gz",
        image,
        ROLE,
        "ml.m5.large",
        1,
        UnlabeledCSVRequestRowSerializer(),
        XGBoostCSVRowDeserializer(),
        endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
    )


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("name", ["model.tar.gz", "deep/er/mine.tgz"])
def test_an_archive_is_saved_as_it_is(aws, tmp_path, name) -> None:
    archive = packed({"a": b"1"})
    found = model_of(archive).download(str(tmp_path / name))
    assert found == tmp_path / name
    assert files_below(tmp_path) == {name: archive}


def test_any_other_path_is_a_folder_to_unpack_in(aws, tmp_path) -> None:
    model = model_of(packed({"./a": b"1", "code/b.py": b"2"}, more=[link("code/c", "../a")]))
    assert model.download(tmp_path / "new" / "folder") == tmp_path / "new" / "folder"
    assert files_below(tmp_path / "new") == {
        "folder/a": b"1",
        "folder/code/b.py": b"2",
        "folder/code/c": b"1",
    }
    assert os.readlink(tmp_path / "new/folder/code/c") == "../a"


def test_a_second_download_replaces_the_files_of_the_first(aws, tmp_path) -> None:
    model_of(packed({"a": b"1", "d/b": b"2"})).download(tmp_path)
    (tmp_path / "mine").write_bytes(b"kept")
    model_of(packed({"a": b"3", "d/b": b"4"}, more=[link("l", "a")])).download(tmp_path)
    model_of(packed({"a": b"3", "d/b": b"4"}, more=[link("l", "a")])).download(tmp_path)
    assert files_below(tmp_path) == {"a": b"3", "d/b": b"4", "l": b"3", "mine": b"kept"}


@pytest.mark.parametrize(
    "bad",
    [
        packed({"good": b"1", "../evil": b"2"}),
        packed({"good": b"1"}, more=[link("l", "../..")]),
        packed({"good": b"1"}, more=[link("l", "/etc/passwd")]),
        packed({"good": b"1"}, more=[link("l", "../../x", tarfile.LNKTYPE)]),
        packed({"good": b"1"}, more=[link("pipe", "", tarfile.FIFOTYPE)]),
        packed({"good": os.urandom(100_000)})[:60_000],
        b"no archive",
        b"",
    ],
    ids=["above", "link above", "absolute link", "hard link above", "device", "cut", "text", "empty"],
)
def test_a_bad_archive_is_refused_and_leaves_nothing(aws, tmp_path, bad) -> None:
    with pytest.raises(ArtifactError, match=rf"s3://{BUCKET}/job/output/model.tar.gz' cannot be unpacked"):
        model_of(bad).download(tmp_path / "folder")
    assert files_below(tmp_path) == {}
    assert list((tmp_path / "folder").iterdir()) == []


def test_an_absolute_member_stays_inside(aws, tmp_path) -> None:
    model_of(packed({"/etc/evil": b"1"})).download(tmp_path / "folder")
    assert files_below(tmp_path) == {"folder/etc/evil": b"1"}


def test_an_artifact_that_is_gone_is_named(aws, tmp_path) -> None:
    model = model_of(b"")
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="job/output/model.tar.gz")
    for path in (tmp_path / "model.tar.gz", tmp_path / "folder"):
        with pytest.raises(NotFoundError, match=r"job/output/model\.tar\.gz"):
            model.download(path)
    assert files_below(tmp_path) == {}


def test_a_model_of_an_endpoint_has_no_artifact(aws, tmp_path) -> None:
    policy = EndpointCreationPolicy.DO_NOT_CREATE
    model = SageMakerModel(
        existingEndpointName="e",
        endpointCreationPolicy=policy,
        requestRowSerializer=UnlabeledCSVRequestRowSerializer(),
        responseRowDeserializer=XGBoostCSVRowDeserializer(),
    )
    assert model.modelData is None
    for call in (model.nativeModel, lambda: model.download(tmp_path)):
        with pytest.raises(SettingError, match=r"no artifact.*fromModelS3Path"):
            call()


@pytest.mark.smoke
def test_the_booster_predicts_as_the_endpoint(spark, aws, sagemaker, tmp_path) -> None:
    exercise = EXERCISES["XGBoostSageMakerEstimator"]
    frame = frame_of(spark, exercise)
    asked = estimator("XGBoostSageMakerEstimator")
    model = asked.fit(frame)
    try:
        predictions = collected(model.transform(frame))["prediction"]
        job = sagemaker.describe_training_job(TrainingJobName=asked.latestTrainingJob)
        assert model.modelData == job["ModelArtifacts"]["S3ModelArtifacts"]
        model.save(str(tmp_path / "model"))
        for same in (model, SageMakerModel.load(str(tmp_path / "model")), _attached(model, asked)):
            booster = same.nativeModel()
            # LibSVM counts from 1, so an empty column comes first.
            shift = booster.num_features() - exercise.values.shape[1]
            table = np.insert(exercise.values, [0] * shift, 0, axis=1).astype(np.float32)
            found = booster.predict(xgboost.DMatrix(table))
            np.testing.assert_allclose(found, predictions, rtol=1e-6)
        assert sum(booster.get_score(importance_type="weight").values()) > 10
    finally:
        delete(model, sagemaker)


def _attached(model: SageMakerModel, asked: Any) -> SageMakerModel:
    return SageMakerModel.fromTrainingJob(
        asked.latestTrainingJob,
        model.modelImage,
        ROLE,
        "ml.m5.large",
        1,
        model.requestRowSerializer,
        model.responseRowDeserializer,
        endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
    )


def trained(stop: int | None = None) -> xgboost.Booster:
    values = np.random.default_rng(1).normal(size=(200, 3)).astype(np.float32)
    labels = values[:, 0] > 0
    noise = [(xgboost.DMatrix(values, np.roll(labels, 7)), "validation")]
    data, objective = xgboost.DMatrix(values, labels), {"objective": "binary:logistic"}
    return xgboost.train(objective, data, 20, evals=noise, early_stopping_rounds=stop, verbose_eval=False)


def test_after_early_stopping_both_use_the_best_rounds(spark, aws, sagemaker) -> None:
    values = np.random.default_rng(2).normal(size=(20, 3)).astype(np.float32)
    booster = trained(stop=3)
    model = model_of(packed({"xgboost-model": bytes(booster.save_raw("ubj"))}))
    native = model.nativeModel()
    assert native.num_boosted_rounds() == booster.best_iteration + 1 < booster.num_boosted_rounds()
    frame = spark.createDataFrame([(i, row.tolist()) for i, row in enumerate(values)], ["i", "features"])
    try:
        answers = [row.prediction for row in sorted(model.transform(frame).collect())]
        np.testing.assert_allclose(native.predict(xgboost.DMatrix(values)), answers, rtol=1e-6)
    finally:
        delete(model, sagemaker)


@pytest.mark.parametrize("form", ["json", "ubj"])
def test_every_format_of_xgboost_is_read(aws, form) -> None:
    booster = trained()
    model = model_of(packed({".notes": b"", "./xgboost-model": bytes(booster.save_raw(form))}))
    data = xgboost.DMatrix(np.eye(3, dtype=np.float32))
    np.testing.assert_allclose(model.nativeModel().predict(data), booster.predict(data), rtol=1e-6)


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_never_unpickled(aws, tmp_path, protocol) -> None:
    model = model_of(packed({"xgboost-model": pickle.dumps(Evil(str(tmp_path / "ran")), protocol)}))
    with pytest.raises(ArtifactError, match=r"is a pickle.*you trust it.*1\.7, going by the image"):
        model.nativeModel()
    assert not (tmp_path / "ran").exists()


def test_a_booster_of_another_version_says_which(aws) -> None:
    model = model_of(packed({"xgboost-model": b"binf" + bytes(200)}))
    text = rf"cannot be read by xgboost {xgboost.__version__}: .*1\.7, going by the image"
    with pytest.raises(ArtifactError, match=text):
        model.nativeModel()


@pytest.mark.parametrize(
    "members", [{}, {"model_algo-1": b"1"}, {"xgboost-model-0": b"1", "xgboost-model-1": b"2"}]
)
def test_an_artifact_without_one_booster_lists_what_it_has(aws, members) -> None:
    with pytest.raises(ArtifactError, match=f"{', '.join(members) or 'no file'}; expected 'xgboost-model'"):
        model_of(packed(members)).nativeModel()


def test_a_missing_package_is_named(aws, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(ArtifactError, match=r"xgboost cannot be imported.*pip install xgboost"):
        model_of(packed({"xgboost-model": b""})).nativeModel()
