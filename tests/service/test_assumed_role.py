"""Roles that a session acts as, against a server that plays STS."""

import logging
import pickle
from datetime import datetime, timedelta, timezone

import boto3
import pytest
from botocore.exceptions import ClientError

from sagemaker_spark_py.errors import AccessError, SettingError
from sagemaker_spark_py.persistence import decode, encode
from sagemaker_spark_py.service import assumed_role
from sagemaker_spark_py.service.aws_errors import translated
from sagemaker_spark_py.service.session import Session

ROLE = "arn:aws:iam::210987654321:role/team/predictor"


@pytest.fixture
def as_role(session):
    def make(arn=ROLE, **more):
        return Session(session.region, endpointUrls=session.endpointUrls, assumeRoleArn=arn, **more)

    return make


@pytest.fixture
def calls(monkeypatch):
    """The parameters of each AssumeRole."""
    seen = []
    real = assumed_role._Provider._fetch

    def fetch(self):
        sts = self._sts
        sts.meta.events.register_first(
            "provide-client-params.sts.AssumeRole",
            lambda params, **_: seen.append(dict(params)),
            unique_id="spy",
        )
        return real(self)

    monkeypatch.setattr(assumed_role._Provider, "_fetch", fetch)
    return seen


def who(session):
    return session.client("sts").get_caller_identity()["Arn"]


def test_acts_as_the_role_of_another_account(as_role, calls):
    mine = as_role(externalId="agreed:upon/42", sessionName="nightly")
    assert who(mine) == "arn:aws:sts::210987654321:assumed-role/predictor/nightly"
    mine.client("s3").list_buckets()
    assert calls == [{"RoleArn": ROLE, "RoleSessionName": "nightly", "ExternalId": "agreed:upon/42"}]


def test_nothing_is_asked_before_a_call_needs_it(as_role, calls):
    as_role().client("sagemaker-runtime")
    assert calls == []


def test_another_process_takes_the_role_on_by_itself(as_role, calls):
    travelled = pickle.loads(pickle.dumps(as_role()))
    assert travelled == as_role()
    assert who(travelled).endswith("assumed-role/predictor/sagemaker-spark")
    loaded = decode(encode(as_role(externalId="x:1")))
    assert loaded == as_role(externalId="x:1")


def test_roles_do_not_share_clients(as_role, session):
    other = "arn:aws:iam::210987654321:role/other"
    assert who(as_role(other)).endswith("/other/sagemaker-spark")
    assert who(as_role()).endswith("/predictor/sagemaker-spark")
    assert "assumed-role" not in who(session)


def test_is_taken_on_again_before_it_expires(as_role, calls, monkeypatch):
    later = timedelta()
    monkeypatch.setattr(assumed_role, "_now", lambda: datetime.now(timezone.utc) + later)
    mine = as_role(sessionName="long-job")
    for minutes, times in [(0, 1), (30, 1), (55, 2), (56, 3)]:
        later = timedelta(minutes=minutes)
        assert who(mine).endswith("/long-job")
        # The server's clock stands still, so that what it gives after 55 minutes is nearly expired at once.
        assert len(calls) == times


def test_no_credentials_are_shown(as_role, caplog):
    caplog.set_level(logging.INFO)
    mine = as_role(externalId="agreed-upon")
    who(mine)
    keys = mine.client("sts")._get_credentials().get_frozen_credentials()
    shown = repr(mine) + caplog.text + repr(pickle.dumps(mine))
    for secret in (keys.secret_key, keys.token, keys.access_key):
        assert secret not in shown
    assert "agreed-upon" not in repr(mine)


def test_a_role_that_one_may_not_take_on_is_an_access_error(as_role, monkeypatch):
    def refuse(self):
        error = {"Code": "AccessDenied", "Message": "not you"}
        raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 403}}, "AssumeRole")

    monkeypatch.setattr(assumed_role._Provider, "_fetch", refuse)
    runtime = as_role(sessionName="refused").client("sagemaker-runtime")
    refusal = r"Endpoint 'e': AssumeRole was refused: AccessDenied \(HTTP 403\)"
    with pytest.raises(AccessError, match=refusal), translated("Endpoint 'e'"):
        runtime.invoke_endpoint(EndpointName="e", Body=b"")


@pytest.mark.parametrize(
    "arn",
    [
        "predictor",
        "arn:aws:iam::123:role/x",
        "arn:aws:iam::123456789012:user/x",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/x y",
        "",
        7,
    ],
)
def test_what_is_no_role_is_refused_at_once(arn):
    with pytest.raises(SettingError, match="assumeRoleArn is malformed"):
        Session("us-east-1", assumeRoleArn=arn)
    with pytest.raises(SettingError, match="assumeRoleArn is malformed"):
        Session.resolve("us-east-1", assumeRoleArn=arn)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_roles_of_all_partitions(partition):
    arn = f"arn:{partition}:iam::123456789012:role/x"
    assert Session("us-east-1", assumeRoleArn=arn).assumeRoleArn == arn


def test_other_parts_are_checked_too():
    with pytest.raises(SettingError, match="externalId is given without a role"):
        Session("us-east-1", externalId="x:1")
    with pytest.raises(SettingError, match="externalId is malformed") as caught:
        Session("us-east-1", assumeRoleArn=ROLE, externalId="not allowed")
    assert "not allowed" not in str(caught.value)
    with pytest.raises(SettingError, match="sessionName is malformed: 'a b'"):
        Session("us-east-1", assumeRoleArn=ROLE, sessionName="a b")


def test_keys_of_the_role_are_not_those_of_the_caller(as_role, server):
    keys = as_role().client("s3")._get_credentials()
    own = boto3.client("s3", endpoint_url=server, region_name="us-east-1")._get_credentials()
    assert keys.access_key != own.access_key
