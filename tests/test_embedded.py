"""The instance type "local": one server for the process, reached by URL, and what does not go with it."""

import os
import socket
import subprocess
import sys
import textwrap

import pytest

from sagemaker_spark_py import (
    IAMRole,
    IAMRoleFromConfig,
    Session,
    embedded,
    get_execution_role,
    local_session,
)
from sagemaker_spark_py.embedded import session_for
from sagemaker_spark_py.errors import SettingError
from tests.digits import digits, kmeans

LOCAL = {"trainingInstanceType": "local", "endpointInstanceType": "local"}


def test_an_estimator_runs_on_a_server_of_its_own_without_role_or_keys(spark):
    model = kmeans(**LOCAL, sagemakerRole=IAMRoleFromConfig("no.such.key")).fit(digits(spark))
    assert model.transform(digits(spark)).where("closest_cluster >= 0").count() == 400
    session = local_session()
    own = session.client("sagemaker")
    assert [entry["EndpointName"] for entry in own.list_endpoints()["Endpoints"]] == [model.endpointName]
    job = own.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    assert own.describe_training_job(TrainingJobName=job)["ResourceConfig"]["InstanceType"] == "local"
    model.resourceCleanup.deleteResources(model.getCreatedResources())
    assert own.list_endpoints()["Endpoints"] == []


def test_all_share_one_server_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    first, second = local_session(), local_session("eu-west-1")
    assert first.endpointUrls == second.endpointUrls
    assert second.region == "eu-west-1"
    client = first.client("sts")
    assert client._request_signer._credentials.access_key == "local"
    assert client.get_caller_identity()["Account"] == "123456789012"


def test_everybody_is_a_role_there():
    assert get_execution_role(local_session()) == "arn:aws:iam::123456789012:role/local"


def test_on_aws_nothing_changes():
    given = Session("eu-west-1")
    assert session_for({"a": "ml.m5.large"}, given, None, []) is given
    assert not session_for({"a": "ml.m5.large", "b": None}, None, "eu-west-1", []).local


@pytest.mark.parametrize(
    ("kinds", "session", "clients", "text"),
    [
        (("local", "ml.m5.large"), None, [], "endpointInstanceType does not fit the others: 'ml.m5.large'"),
        (("ml.m5.large", "local"), None, [], "trainingInstanceType does not fit the others: 'ml.m5.large'"),
        (("local", "local"), Session("eu-west-1"), [], "does not lead to the local SageMaker"),
        (("local", "local"), None, [object()], "does not lead to the local SageMaker"),
    ],
)
def test_what_does_not_go_together_is_refused(kinds, session, clients, text):
    names = ("trainingInstanceType", "endpointInstanceType")
    with pytest.raises(SettingError, match=text):
        session_for(dict(zip(names, kinds, strict=True)), session, None, clients)


def test_a_role_of_the_users_is_taken_and_a_wrong_one_refused(spark):
    with pytest.raises(SettingError, match="not the ARN of a role: 'mine'"):
        kmeans(**LOCAL, sagemakerRole=IAMRole("mine")).fit(digits(spark, 20))
    assert embedded.role_for("ml.m5.large") is None


def test_local_is_no_instance_type_of_aws_nor_any_other_word(spark):
    with pytest.raises(SettingError, match=r"InstanceType is not known: 'loca'"):
        kmeans(trainingInstanceType="loca", region="us-east-1").fit(digits(spark, 20))


def test_the_server_ends_with_the_process():
    script = textwrap.dedent("""
        from sagemaker_spark_py import embedded
        print(embedded.local_session().endpointUrls[0][1])
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    port = int(done.stdout.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(embedded, "_urls", [])
    monkeypatch.setattr("sagemaker_spark_py.local.local_sagemaker.EXTRA_MODULES", ("no_such_module",))
    with pytest.raises(SettingError, match=r"no_such_module; expected the \[local\] extra"):
        kmeans(**LOCAL).sagemakerClient  # noqa: B018
