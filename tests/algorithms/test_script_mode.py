"""Script mode from a DataFrame to predictions, and what is refused before anything costs."""

import io
import json
import pickle
import tarfile
from pathlib import Path

import boto3
import numpy as np
import pytest

from sagemaker_spark_py import EndpointCreationPolicy, IAMRole, S3DataPath, ScriptModeEstimator
from sagemaker_spark_py.arguments import setting
from sagemaker_spark_py.errors import ResourceCreationError, SettingError, TrainingError
from sagemaker_spark_py.params import accessors, hyperparameter
from sagemaker_spark_py.rules import integer
from tests.digits import ROLE, digits

FOLDER = Path(__file__).parent / "script"


def script(**changes):
    arguments = {
        "entryPoint": "train.py",
        "sourceDir": str(FOLDER),
        "framework": "sklearn",
        "frameworkVersion": "1.4-2-py312",
        "hyperParameters": {"hidden-units": 24},
        "trainingInstanceType": "ml.m5.large",
        "trainingInstanceCount": 1,
        "endpointInstanceType": "ml.m5.large",
        "endpointInitialInstanceCount": 1,
        "sagemakerRole": IAMRole(ROLE),
        "endpointCreationPolicy": EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        "logs": "none",
        **changes,
    }
    return ScriptModeEstimator(**arguments)


@pytest.fixture
def files(tmp_path):
    """Return a function that writes a script and makes an estimator of it."""

    def make(text, **changes):
        (tmp_path / "train.py").write_text(text)
        return script(sourceDir=str(tmp_path), hyperParameters={}, **changes)

    return make


@pytest.fixture
def bucket(aws):
    boto3.client("s3").create_bucket(Bucket="script-mode")
    yield "script-mode"
    s3 = boto3.resource("s3").Bucket("script-mode")
    s3.objects.all().delete()
    s3.delete()


def keys(bucket):
    return [entry.key for entry in boto3.resource("s3").Bucket(bucket).objects.all()]


def test_a_network_is_trained_and_serves(spark, aws, sagemaker, bucket):
    place = S3DataPath(bucket, "p")
    estimator = script(trainingInputS3DataPath=place, trainingOutputS3DataPath=place)
    model = estimator.fit(digits(spark))
    rows = model.transform(digits(spark)).select("label", "prediction").collect()
    assert len(rows) == 400
    assert sum(row.label == row.prediction for row in rows) / 400 > 0.95
    job = sagemaker.describe_training_job(TrainingJobName=estimator.latestTrainingJob)
    sent = {name: json.loads(value) for name, value in job["HyperParameters"].items()}
    below = f"p/{estimator.latestTrainingJob}"
    assert sent == {
        "hidden-units": 24,
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"s3://{bucket}/{below}/source/sourcedir.tar.gz",
        "sagemaker_container_log_level": 20,
        "sagemaker_job_name": estimator.latestTrainingJob,
        "sagemaker_region": "us-east-1",
    }
    assert job["AlgorithmSpecification"]["TrainingImage"].endswith(
        "/sagemaker-scikit-learn:1.4-2-py312-cpu-py3"
    )
    hosted = sagemaker.describe_model(ModelName=model.getCreatedResources().model_name)["PrimaryContainer"]
    assert hosted["ModelDataUrl"] == model.modelData == f"s3://{bucket}/{below}/hosting/model.tar.gz"
    assert hosted["Environment"]["SAGEMAKER_PROGRAM"] == "train.py"
    assert hosted["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"] == "/opt/ml/model/code"
    # Rows and source code are gone; models and the script's output stay.
    job_output = f"{below}/{estimator.latestTrainingJob}/output"
    assert keys(bucket) == [
        f"{below}/hosting/model.tar.gz",
        f"{job_output}/model.tar.gz",
        f"{job_output}/output.tar.gz",
    ]
    body = boto3.client("s3").get_object(Bucket=bucket, Key=f"{job_output}/output.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert len(json.load(tar.extractfile("loss.json"))) == 40
    predictor = model.predictor()
    pixels = np.array([row.features.toArray() for row in digits(spark, 20, 1).collect()])
    assert predictor.predict(pixels).shape == (20,)
    predictor.delete_endpoint()
    assert [sagemaker.list_endpoints()["Endpoints"], sagemaker.list_models()["Models"]] == [[], []]


def test_a_script_that_raises_is_a_training_error_with_its_traceback(spark, aws, bucket, files):
    place = S3DataPath(bucket, "p")
    estimator = files(
        "raise ValueError('no such luck')", trainingInputS3DataPath=place, trainingOutputS3DataPath=place
    )
    with pytest.raises(TrainingError, match="ValueError: no such luck") as error:
        estimator.fit(digits(spark, 20))
    assert error.value.reason.startswith("AlgorithmError: ExecuteUserScriptError:")
    assert keys(bucket) == []


def test_source_code_is_kept_as_asked(spark, aws, bucket, files):
    place = S3DataPath(bucket, "p")
    estimator = files(
        "raise SystemExit(3)", trainingOutputS3DataPath=place, deleteStagingDataAfterTraining=False
    )
    with pytest.raises(TrainingError, match="ExitCode 3"):
        estimator.fit(digits(spark, 20))
    assert keys(bucket) == [f"p/{estimator.latestTrainingJob}/source/sourcedir.tar.gz"]


def test_a_script_without_model_fn_fails_the_endpoint_and_its_log_says_why(spark, aws, sagemaker, files):
    text = "import os\nif __name__ == '__main__': open(os.environ['SM_MODEL_DIR'] + '/w', 'w').write('1')"
    model = files(text).fit(digits(spark, 20))
    with pytest.raises(ResourceCreationError, match=r"model_fn is missing in train\.py") as error:
        model.transform(digits(spark, 20))
    model.resourceCleanup.deleteResources(error.value.createdResources)
    assert sagemaker.list_endpoints()["Endpoints"] == []


def test_two_scripts_and_images(tmp_path, spark, aws, sagemaker):
    (tmp_path / "fit.py").write_text("import os; open(os.environ['SM_MODEL_DIR'] + '/w', 'w').write('2')")
    (tmp_path / "answer.py").write_text(
        "def model_fn(d): return float(open(d + '/w').read())\n"
        "def predict_fn(data, model): return [model] * len(data)\n"
    )
    estimator = script(
        entryPoint=str(tmp_path / "fit.py"),
        sourceDir=None,
        dependencies=[str(tmp_path / "answer.py")],
        inferenceEntryPoint="answer.py",
        framework=None,
        frameworkVersion=None,
        image="1.dkr.ecr.us-east-1.amazonaws.com/mine:1",
        inferenceImage="1.dkr.ecr.us-east-1.amazonaws.com/serving:2",
        modelEnvironmentVariables={"MINE": "1"},
    )
    model = estimator.fit(digits(spark, 20))
    assert {row.prediction for row in model.transform(digits(spark, 20)).collect()} == {2.0}
    hosted = sagemaker.describe_model(ModelName=model.getCreatedResources().model_name)["PrimaryContainer"]
    assert hosted["Image"].endswith("/serving:2")
    assert hosted["Environment"]["MINE"] == "1"
    model.resourceCleanup.deleteResources(model.getCreatedResources())


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"entryPoint": "tarin.py"}, "entryPoint is not in sourceDir: 'tarin.py'"),
        ({"sourceDir": "/no/such/folder"}, "sourceDir is not there: '/no/such/folder'"),
        ({"inferenceEntryPoint": "serve.py"}, "inferenceEntryPoint is not beside the script: 'serve.py'"),
        (
            {"frameworkVersion": "9.9"},
            r"Version of 'sklearn' is not in the image registry: '9.9'; expected one",
        ),
        ({"framework": "keras"}, "not in the image registry: 'keras'; expected one of .*sklearn"),
        ({"framework": "kmeans", "frameworkVersion": "1"}, "framework runs no scripts: 'kmeans'"),
        ({"frameworkVersion": None}, "Image is not clear: image=None, framework='sklearn'"),
        ({"image": "x:1"}, "Image is not clear: image='x:1'"),
        ({"hyperParameters": {"a": {1, 2}}}, "Hyperparameter 'a' cannot be written as JSON"),
        ({"hyperParameters": {"a": "x" * 2600}}, "would be refused"),
        ({"trainingSparkDataFormatOptions": {"labelColumnName": "nope"}}, "nope"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_uploaded(spark, aws, bucket, changes, text):
    place = S3DataPath(bucket, "p")
    with pytest.raises(SettingError if "nope" not in text else ValueError, match=text):
        script(trainingInputS3DataPath=place, trainingOutputS3DataPath=place, **changes).fit(
            digits(spark, 20)
        )
    assert keys(bucket) == []


def test_a_link_that_leads_outside_is_refused(spark, aws, files, tmp_path):
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(SettingError, match=r"leads outside its folder: '.*passwd' to '/etc/passwd'"):
        files("pass").fit(digits(spark, 20))


def test_wrong_types_are_refused_at_once():
    for changes in ({"dependencies": "lib"}, {"hyperParameters": [1]}, {"entryPoint": 3}, {"sourceDir": ""}):
        with pytest.raises(SettingError, match=next(iter(changes))):
            script(**changes)
    with pytest.raises(TypeError, match="entryPonit"):
        script(entryPonit="train.py")


class Tunable(ScriptModeEstimator):
    """An estimator for one script, whose argument can be searched over."""

    sourceDir: str | None = setting(default=str(FOLDER))
    epochs = hyperparameter("epochs", integer(at_least=1), "Passes over the data.", default=10)
    setEpochs, getEpochs = accessors(epochs)


def test_hyperparameters_can_be_params_of_an_own_class():
    plain = Tunable(
        *("ml.m5.large", 1, "ml.m5.large", 1),
        entryPoint="train.py",
        framework="sklearn",
        frameworkVersion="1.2-1",
        hyperParameters={"loss": "log"},
    )
    assert plain._all_hyperparameters() == {"loss": '"log"', "epochs": "10"}
    assert plain.copy({plain.epochs: 3})._all_hyperparameters()["epochs"] == "3"
    with pytest.raises(SettingError, match="epochs"):
        plain.setEpochs(0)


def test_it_survives_copy_pickle_save_and_load(spark, tmp_path):
    estimator = script(dependencies=["a", "b"], hyperParameters={"x": [1, {"y": None}]})
    estimator.save(f"{tmp_path}/e")
    for other in (
        estimator.copy(),
        pickle.loads(pickle.dumps(estimator)),
        ScriptModeEstimator.load(f"{tmp_path}/e"),
    ):
        assert other.uid == estimator.uid
        for name in ("entryPoint", "sourceDir", "dependencies", "framework", "hyperParameters", "image"):
            assert getattr(other, name) == getattr(estimator, name), name
