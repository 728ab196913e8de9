import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from sagemaker_spark_py.errors import AccessError, ServiceError
from sagemaker_spark_py.service import hosting, jobs
from sagemaker_spark_py.service.session import Session

STATUS = {"HTTPStatusCode": 400}
KINDS = (("model", "Model"), ("endpoint_config", "Endpoint config"), ("endpoint", "Endpoint"))


class Client:
    """Describes what bears the name, if it is the one; or raises."""

    def __init__(self, name="", error=None):
        self.name, self.error = name, error

    def __getattr__(self, operation):
        return self.describe

    def describe(self, **members):
        if self.error is not None:
            raise self.error
        if [self.name] == list(members.values()):
            return {}
        raise ClientError({"Error": {"Code": "ValidationException"}, "ResponseMetadata": STATUS}, "Describe")


REFUSALS = [
    ("ValidationException", "Requested resource not found.", 400),
    ("ValidationException", 'Could not find endpoint configuration "c".', 400),
    ("AccessDeniedException", "not you", 400),
    ("ThrottlingException", "Rate exceeded", 400),
    ("InternalFailure", "oh", 500),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=[f"{code}-{status}" for code, _, status in REFUSALS])
def test_whoever_is_told_of_none_goes_on(sagemaker, refusal):
    session, stub = sagemaker
    stub.add_client_error("describe_training_job", *refusal)
    for stem, _ in KINDS:
        stub.add_client_error(f"describe_{stem}", *refusal)
    jobs.require_unused(session, "job")
    hosting.require_unused(session, "m", "c", "e")


def test_the_name_of_a_job_that_exists(monkeypatch):
    monkeypatch.setattr(Session, "client", lambda *_: Client("job"))
    with pytest.raises(ServiceError) as caught:
        jobs.require_unused(Session("us-east-1"), "job")
    assert caught.value.code == "ResourceInUse"
    assert str(caught.value) == (
        "Training job 'job' exists already; expected a name that is not in use. Choose another name; names "
        "of jobs can never be used again. What a job of this name has trained can be taken up with "
        "SageMakerModel.fromTrainingJob."
    )


@pytest.mark.parametrize(("stem", "kind"), KINDS)
def test_names_of_hosting_that_are_in_use(monkeypatch, stem, kind):
    monkeypatch.setattr(Session, "client", lambda *_: Client(stem))
    with pytest.raises(ServiceError, match=rf"^{kind} '{stem}' exists already; .* Choose another, or delete"):
        hosting.require_unused(Session("us-east-1"), "model", "endpoint_config", "endpoint")


@pytest.mark.parametrize("error", [EndpointConnectionError(endpoint_url="u"), NoCredentialsError()])
def test_where_nobody_answers_rows_need_not_be_staged(monkeypatch, error):
    monkeypatch.setattr(Session, "client", lambda *_: Client(error=error))
    kind = AccessError if isinstance(error, NoCredentialsError) else ServiceError
    with pytest.raises(kind, match="Training job 'job'"):
        jobs.require_unused(Session("us-east-1"), "job")
    with pytest.raises(kind, match="Model 'm'"):
        hosting.require_unused(Session("us-east-1"), "m", "c", "e")
