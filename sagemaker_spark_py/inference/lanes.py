"""Requests that Java encodes, so that Python gets one column of payloads and only sends them on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
from pyspark.sql import Column, DataFrame

from sagemaker_spark_py.jvm import JAVA, accelerate
from sagemaker_spark_py.jvm import call as java_call
from sagemaker_spark_py.transformation.serializers import (
    LibSVMRequestRowSerializer,
    ProtobufRequestRowSerializer,
    RequestRowSerializer,
    UnlabeledCSVRequestRowSerializer,
    UnlabeledLibSVMRequestRowSerializer,
)
from sagemaker_spark_py.transformation.serializers.checked import CheckedSerializer

if TYPE_CHECKING:
    from sagemaker_spark_py.inference.endpoint import EndpointCall

_LIBSVM = ("indexBase", "zeroEntry", "omitZeros")
_CALLS: dict[type[RequestRowSerializer], tuple[str, dict[str, str], tuple[str, ...]]] = {
    ProtobufRequestRowSerializer: ("recordio", {"overflow": "error"}, ()),
    UnlabeledCSVRequestRowSerializer: ("csv", {"dim": "same"}, ()),
    LibSVMRequestRowSerializer: ("libsvm", {}, _LIBSVM),
    UnlabeledLibSVMRequestRowSerializer: ("libsvm", {}, _LIBSVM),
}
"""By serializer: Java's name of the format, what makes Java do as Python does, and arguments of both."""


@dataclass(frozen=True)
class Encoded(RequestRowSerializer):
    """Sends the payloads that Java has made in place of another serializer; only its type is still needed."""

    contentType: str

    def serializeBatch(self, batch: pa.RecordBatch) -> pa.Array:
        """Return the payloads as they came."""
        return batch.column(0)


def encoded(dataset: DataFrame, call: EndpointCall) -> tuple[EndpointCall, Column] | None:
    """Return a call that wants payloads, and the column of these; `None` in the Python lane; driver side.

    Both lanes send the same bytes. The Java lane is taken where the session allows it, Java knows the
    serializer, all rows are for one model, and a row that cannot be sent ends the job.
    """
    checked = _checked(call.serializer)
    if checked is None or call.invocation.onError != "raise" or call.invocation.targetModelCol:
        return None
    if accelerate(dataset.sparkSession) != JAVA:
        return None
    return replace(call, serializer=Encoded(call.serializer.contentType)), _payloads(dataset, checked)


class _Checked(NamedTuple):
    """A serializer that Java knows, which numbers it takes, and which column it sends as the label."""

    serializer: Any
    numbers: str
    label: str | None


def _checked(serializer: RequestRowSerializer) -> _Checked | None:
    found = _Checked(serializer, "all", getattr(serializer, "labelColumnName", None))
    if isinstance(serializer, CheckedSerializer) and serializer.invalid.handling == "error":
        found = _Checked(serializer.serializer, serializer.invalid.numbers, None)
    return found if type(found.serializer) in _CALLS else None


def _payloads(dataset: DataFrame, checked: _Checked) -> Column:
    format, checks, names = _CALLS[type(checked.serializer)]
    own = {name: str(getattr(checked.serializer, name)).lower() for name in names}
    labels = [checked.label] if checked.label in dataset.columns else []
    options = {"nulls": "error", "numbers": checked.numbers, **checks, **own}
    return java_call(format, [*labels, checked.serializer.featuresColumnName], options)
