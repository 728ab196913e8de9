"""The role of this process: of a notebook, of Studio, of its credentials."""

import json

import boto3
import pytest
from botocore.stub import Stubber

from sagemaker_spark_py.errors import AccessError, SettingError
from sagemaker_spark_py.service import get_execution_role, roles

ROLE = "arn:aws:iam::123456789012:role/service-role/mine"


class Aws:
    """A session whose clients answer as told."""

    def __init__(self):
        self.stubs = {}

    def answer(self, service, operation, answer):
        client = boto3.client(service, region_name="us-east-1")
        self.stubs[service] = stub = Stubber(client)
        if isinstance(answer, str):
            stub.add_client_error(operation, answer)
        else:
            stub.add_response(operation, answer)
        stub.activate()

    def client(self, service):
        return self.stubs[service].client


@pytest.fixture
def aws(monkeypatch, tmp_path):
    monkeypatch.setattr(roles, "METADATA", tmp_path / "metadata.json")
    return Aws()


def identity(arn):
    return {"UserId": "x", "Account": "123456789012", "Arn": arn}


def test_credentials_of_a_role_have_its_path_where_iam_tells(aws):
    aws.answer("sts", "get_caller_identity", identity("arn:aws:sts::123456789012:assumed-role/mine/me"))
    role = {"Path": "/", "RoleName": "mine", "RoleId": "A" * 16, "Arn": ROLE, "CreateDate": 0}
    aws.answer("iam", "get_role", {"Role": role})
    assert get_execution_role(aws) == ROLE


@pytest.mark.parametrize(
    ("name", "path"), [("mine", ""), ("AmazonSageMaker-ExecutionRole-2020", "service-role/")]
)
def test_where_iam_does_not_tell_the_usual_path_is_taken(aws, name, path):
    aws.answer("sts", "get_caller_identity", identity(f"arn:aws-cn:sts::123456789012:assumed-role/{name}/me"))
    aws.answer("iam", "get_role", "AccessDenied")
    assert get_execution_role(aws) == f"arn:aws-cn:iam::123456789012:role/{path}{name}"


def test_a_user_has_no_role(aws):
    aws.answer("sts", "get_caller_identity", identity("arn:aws:iam::123456789012:user/me"))
    with pytest.raises(
        SettingError, match=r"not those of a role: arn:aws:iam::123456789012:user/me; expected"
    ):
        get_execution_role(aws)


def test_bad_credentials_are_an_access_error(aws):
    aws.answer("sts", "get_caller_identity", "ExpiredToken")
    with pytest.raises(AccessError):
        get_execution_role(aws)


@pytest.mark.parametrize(
    ("metadata", "operation", "answer"),
    [
        ({"ExecutionRoleArn": ROLE}, None, None),
        (
            {"ResourceName": "n", "ResourceArn": "a"},
            "describe_notebook_instance",
            {"RoleArn": ROLE},
        ),
        (
            {"DomainId": "d-1", "UserProfileName": "u", "ResourceName": "default"},
            "describe_user_profile",
            {"UserSettings": {"ExecutionRole": ROLE}},
        ),
    ],
)
def test_a_notebook_says_itself_what_it_is(aws, metadata, operation, answer):
    roles.METADATA.write_text(json.dumps(metadata))
    if operation:
        aws.answer("sagemaker", operation, answer)
    assert get_execution_role(aws) == ROLE
