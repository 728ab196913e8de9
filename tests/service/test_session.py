import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.loaders import JSONFileLoader

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service import session as module
from sagemaker_spark_py.service.session import SageMakerClients, Session

LOCAL = "http://127.0.0.1:9"


@pytest.fixture
def configure(monkeypatch, tmp_path):
    """What writes boto3's configuration; sessions that have read it do not outlive the test."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(module, "_of_this_process", module._Clients())
    return lambda text: (tmp_path / "config").write_text(text, encoding="utf-8")


def test_region_is_taken_from_the_first_that_has_one(monkeypatch, configure):
    configure("[default]\nregion = eu-south-1\n[profile other]\nregion = eu-north-1\n")
    sagemaker = boto3.client("sagemaker", region_name="us-west-2")
    sts = boto3.client("sts", region_name="us-west-1")
    assert Session.resolve().region == "eu-south-1"
    assert Session.resolve(profile="other").region == "eu-north-1"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ca-central-1")
    assert Session.resolve().region == "ca-central-1"
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert Session.resolve().region == "ap-south-1"
    assert Session.resolve(clients=[None, sts]).region == "us-west-1"
    assert Session.resolve(clients=[sts, sagemaker]).region == "us-west-2"
    assert Session.resolve("us-east-2", clients=[sts]).region == "us-east-2"


def test_global_clients_have_no_region_to_give(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert Session.resolve(clients=[boto3.client("sts")]).region == "eu-west-1"


def test_region_of_the_ec2_instance_is_the_last_resort(monkeypatch):
    monkeypatch.setattr(module.IMDSRegionProvider, "provide", lambda _: "sa-east-1")
    assert Session.resolve().region == "sa-east-1"


def test_no_region_says_where_to_set_one():
    with pytest.raises(SettingError, match=r"needs an AWS region.*AWS_DEFAULT_REGION"):
        Session.resolve()
    with pytest.raises(SettingError, match="needs an AWS region"):
        Session().client("sagemaker")


def test_descriptions_of_services_are_read_once(monkeypatch):
    Session.resolve("us-east-1")
    found, read = JSONFileLoader.load_file, []
    monkeypatch.setattr(JSONFileLoader, "load_file", lambda *a: read.append(found(*a)) or read[-1])
    Session.resolve("eu-west-1")
    assert not any(read)


def test_two_different_regions_are_refused():
    client = boto3.client("sagemaker", region_name="us-west-2")
    with pytest.raises(SettingError, match="'us-east-1'; expected 'us-west-2'"):
        Session.resolve("us-east-1", clients=[client])


def test_unknown_profile_is_named():
    with pytest.raises(SettingError, match="nobody"):
        Session.resolve("us-east-1", profile="nobody")
    with pytest.raises(SettingError, match="nobody"):
        Session("us-east-1", "nobody").client("s3")


def test_urls_come_from_argument_clients_environment_and_configuration(monkeypatch, configure):
    assert Session.resolve("us-east-1").endpointUrls == ()
    configure(
        f"[default]\nservices = here\n[services here]\nsagemaker_runtime =\n  endpoint_url = {LOCAL}/rt\n"
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"{LOCAL}/sts")
    client = boto3.client("sagemaker", region_name="us-east-1", endpoint_url=f"{LOCAL}/sm")
    found = Session.resolve(clients=[client], endpointUrls={"s3": f"{LOCAL}/s3"})
    assert dict(found.endpointUrls) == {
        "s3": f"{LOCAL}/s3",
        "sagemaker": f"{LOCAL}/sm",
        "sagemaker-runtime": f"{LOCAL}/rt",
        "sts": f"{LOCAL}/sts",
    }
    for service, url in found.endpointUrls:
        assert found.client(service).meta.endpoint_url == url


def test_one_url_for_all_services(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", LOCAL)
    assert set(dict(Session.resolve("us-east-1").endpointUrls)) == set(module.SERVICES)


def test_vpc_endpoint_of_a_given_client_is_kept():
    url = "https://vpce-1.runtime.sagemaker.us-east-1.vpce.amazonaws.com"
    client = boto3.client("sagemaker-runtime", region_name="us-east-1", endpoint_url=url)
    assert Session.resolve(clients=[client]).endpointUrls == (("sagemaker-runtime", url),)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_clients_without_urls_of_their_own_give_none(region):
    clients = [boto3.client(service, region_name=region) for service in module.SERVICES]
    assert Session.resolve(clients=clients).endpointUrls == ()


def test_given_clients_serve_here_and_stay_here():
    keys = {"aws_access_key_id": "HERSECRETID", "aws_secret_access_key": "HERSECRET"}
    client = boto3.client("sagemaker", region_name="us-east-1", **keys)
    mine = Session.resolve(clients=[client])
    assert mine.client("sagemaker") is client
    travelled = pickle.loads(pickle.dumps(mine))
    assert travelled == mine
    assert hash(travelled) == hash(mine)
    assert travelled.client("sagemaker") is not client
    assert b"HERSECRET" not in pickle.dumps(mine)
    assert "client" not in repr(mine).lower()


def test_value_holds_no_credentials(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "thesecret")
    found = Session.resolve("us-east-1")
    found.client("s3")
    assert "thesecret" not in repr(found)
    assert b"thesecret" not in pickle.dumps(found)
    assert b"testing" not in pickle.dumps(found)


def test_client_is_made_once_per_value_and_again_for_new_keys(monkeypatch):
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: id(Session("us-east-1").client("sagemaker-runtime")), range(64)))
    assert len(made) == 1
    old = Session("us-east-1").client("s3")
    assert Session("us-east-2").client("s3") is not old
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "after-a-new-login")
    assert Session("us-east-1").client("s3") is not old


def test_forked_child_has_clients_of_its_own():
    session = Session("us-east-1")
    parents = session.client("s3")
    held, leave = threading.Event(), threading.Event()

    def hold():
        with module._of_this_process._lock:
            held.set()
            leave.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    child = os.fork()
    if child == 0:
        os._exit(0 if session.client("s3") is not parents else 1)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        leave.set()
        holder.join()
    assert session.client("s3") is parents


def test_settings_of_the_clients(server):
    runtime = Session("us-east-1").client("sagemaker-runtime").meta.config
    assert runtime.read_timeout == 70
    assert runtime.max_pool_connections >= 16
    for service in module.SERVICES:
        assert Session("us-east-1").client(service).meta.config.retries["mode"] == "standard"
    sts = Session("us-east-1", endpointUrls=(("sts", server),)).client("sts")
    seen = []
    sts.meta.events.register(
        "before-send.sts", lambda request, **_: seen.append(request.headers["User-Agent"])
    )
    sts.get_caller_identity()
    assert b"sagemaker_spark_py/" in seen[0]


def test_default_clients(monkeypatch):
    with pytest.raises(SettingError, match="region"):
        SageMakerClients.create_sagemaker_client()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    names = [
        make().meta.service_model.service_name
        for make in (
            SageMakerClients.create_sagemaker_client,
            SageMakerClients.create_s3_default_client,
            SageMakerClients.create_sts_default_client,
        )
    ]
    assert names == ["sagemaker", "s3", "sts"]


def test_a_session_of_another_region_than_asked_for_is_refused():
    session = Session("us-east-1")
    assert session.within("us-east-1") is session.within(None) is session
    assert Session().within("us-east-1") == Session()
    with pytest.raises(SettingError, match=r"region differs from the session's: 'eu-west-1'; .*'us-east-1'"):
        session.within("eu-west-1")
