"""How an endpoint is asked: one value for limits, patience, bad rows, and what each request says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.validation import validated

ON_ERROR = ("raise", "null", "column")

_REQUEST_FIELDS = {
    "targetModel": "TargetModel",
    "targetVariant": "TargetVariant",
    "inferenceComponent": "InferenceComponentName",
    "customAttributes": "CustomAttributes",
    "inferenceId": "InferenceId",
}
_WHOLE_NUMBERS = ("maxBodyBytes", "maxRowsPerRequest", "maxInFlight", "maxTotalInFlight")
_SECONDS = ("readTimeoutSeconds", "connectTimeoutSeconds", "invocationTimeoutSeconds")
_TEXTS = (*_REQUEST_FIELDS, "targetModelCol", "accept")


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """How ``transform()`` asks an endpoint; given to a model or an estimator as ``invocation=``.

    A request that fails is repeated where that helps, for `invocationTimeoutSeconds` at most; what is
    repeated, how often and how patiently is the table in ``inference/retry.py``. Some failures concern rows
    (the model refuses them, the answer does not fit them, one row is too large); `onError` says what
    becomes of those. Others never do (no access, no such endpoint, a wrong setting) and always end the job.

    Parameters
    ----------
    maxBodyBytes : int
        Most bytes of one request. InvokeEndpoint takes 6 MiB, serverless endpoints 4 MB; if a smaller limit
        shows (HTTP 413, "oversize"), the request is split in two, and later ones are made smaller.
    maxRowsPerRequest : int, optional
        Most rows of one request; 1 for models that take one at a time.
    maxInFlight : int
        How many requests one task may have under way at a time. Fewer for a while when AWS throttles.
        A task needs about ``(maxInFlight + 1) x body + 2 x maxInFlight x answer`` bytes beside its input.
    maxTotalInFlight : int, optional
        How many requests the whole job may have under way, over all tasks that run at a time. How many
        those are is read from the session's conf, see ``inference/share.py``; if they are more than that, the
        rows are brought into fewer partitions (`endpoint_udf` refuses it).
    readTimeoutSeconds : float
        How long to wait for an answer. A model may take 60 s; AWS advises clients to wait for 70.
    connectTimeoutSeconds : float
        How long to wait for a connection.
    invocationTimeoutSeconds : float
        For all attempts at the rows of one request together: when it is over, no further one begins.
    onError : str
        What to do about rows that get no prediction: ``"raise"`` fails the job and names them, ``"null"``
        leaves their predictions null, ``"column"`` also says why in `errorCol`. For the last two, a request
        that fails because of its rows is divided until the guilty ones are found: about
        ``2 x log2(rows of the request)`` more requests for each of them. All others keep their predictions.
    errorCol : str
        Name of the column that ``onError="column"`` adds behind the predictions: null for good rows, else a
        struct of ``code string, message string, attempts int, requestId string``.
    targetModel : str, optional
        Which model of a multi-model endpoint to ask: its artifact's key below the endpoint's prefix.
    targetModelCol : str, optional
        Column with each row's `targetModel`. Rows are sent together by model and keep their places.
    targetVariant : str, optional
        Production variant to ask, instead of one at random by weight.
    inferenceComponent : str, optional
        Inference component to ask.
    customAttributes : str, optional
        Passed on to the container; at most 1024 visible ASCII characters.
    inferenceId : str, optional
        Identifies all requests in the data that the endpoint captures.
    accept : str, optional
        MIME type to ask for, instead of the deserializer's.

    Raises
    ------
    SettingError
        If a number is out of range, or AWS's model of InvokeEndpoint refuses a text.

    Examples
    --------
    >>> Invocation(maxInFlight=16, onError="column").errorCol
    'error'
    """

    maxBodyBytes: int = 5 << 20
    maxRowsPerRequest: int | None = None
    maxInFlight: int = 4
    maxTotalInFlight: int | None = None
    readTimeoutSeconds: float = 70.0
    connectTimeoutSeconds: float = 10.0
    invocationTimeoutSeconds: float = 600.0
    onError: str = "raise"
    errorCol: str = "error"
    targetModel: str | None = None
    targetModelCol: str | None = None
    targetVariant: str | None = None
    inferenceComponent: str | None = None
    customAttributes: str | None = None
    inferenceId: str | None = None
    accept: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can never work."""
        self._check_numbers()
        for name in _TEXTS:
            _check_text(name, getattr(self, name))
        if self.onError not in ON_ERROR:
            raise SettingError(
                f"onError is not known: {self.onError!r}; expected one of {', '.join(ON_ERROR)}."
            )
        if not isinstance(self.errorCol, str) or not self.errorCol:
            raise SettingError(f"errorCol has the wrong value: {self.errorCol!r}; expected a column's name.")
        if self.targetModel is not None and self.targetModelCol is not None:
            raise SettingError(
                f"targetModel and targetModelCol are both given: {self.targetModel!r} and "
                f"{self.targetModelCol!r}; expected at most one of them."
            )
        accept = {} if self.accept is None else {"Accept": self.accept}
        example = {"EndpointName": "endpoint", "Body": b"", **accept, **self.request_fields()}
        validated("InvokeEndpoint", example, "sagemaker-runtime")

    def request_fields(self) -> dict[str, str]:
        """Return what every request says, by the names of InvokeEndpoint's parameters."""
        given = {wire: getattr(self, name) for name, wire in _REQUEST_FIELDS.items()}
        return {wire: value for wire, value in given.items() if value is not None}

    def client_options(self) -> dict[str, Any]:
        """Return the options of the boto3 client that requests are sent with."""
        return {
            "read_timeout": self.readTimeoutSeconds,
            "connect_timeout": self.connectTimeoutSeconds,
            "max_pool_connections": max(self.maxInFlight, 10),
        }

    def _check_numbers(self) -> None:
        for name in _WHOLE_NUMBERS:
            value = getattr(self, name)
            optional = type(self).__dataclass_fields__[name].default is None
            if value is None and optional:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise SettingError(f"{name} is out of range: {value!r}; expected a whole number, 1 or more.")
        for name in _SECONDS:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise SettingError(f"{name} is out of range: {value!r}; expected seconds, more than 0.")


def _check_text(name: str, value: Any) -> None:
    if value is not None and (not isinstance(value, str) or not value):
        raise SettingError(f"{name} has the wrong value: {value!r}; expected a text that is not empty.")
