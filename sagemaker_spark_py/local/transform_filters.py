"""DataProcessing of Batch Transform: what of a record the model sees, and what of both ends in the output.

Facts: the DataProcessing API reference and the developer guide's "Associate Prediction Results with Input
Records". CSV rows are arrays to a filter; JSON answers are put under ``SageMakerOutput``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.local.errors import invalid
from sagemaker_spark_py.local.json_path import Step, compiled
from sagemaker_spark_py.local.transform_records import ObjectFailed, Record

CONTENT_TYPES = ("text/csv", "application/json", "application/jsonlines")


def check(request: Mapping[str, Any]) -> None:
    """Refuse what SageMaker refuses of DataProcessing.

    Raises
    ------
    AwsError
        ValidationException.
    """
    settings = request.get("DataProcessing", {})
    for member in ("InputFilter", "OutputFilter"):
        try:
            compiled(settings.get(member, "$"))
        except SettingError as error:
            raise invalid(f"DataProcessing.{member}: {error}") from error
    if not is_wanted(request):
        return
    source, target = request["TransformInput"], request["TransformOutput"]
    if source.get("ContentType") not in CONTENT_TYPES or target.get("Accept") != source["ContentType"]:
        raise invalid(
            "DataProcessing needs ContentType and Accept to be the same and one of: "
            f"{', '.join(CONTENT_TYPES)}."
        )
    if source.get("SplitType", "None") != target.get("AssembleWith", "None"):
        raise invalid("DataProcessing needs SplitType and AssembleWith to be the same.")


def is_wanted(request: Mapping[str, Any]) -> bool:
    """Tell whether a job filters or joins anything."""
    settings = request.get("DataProcessing", {})
    filters = (settings.get(member, "$") for member in ("InputFilter", "OutputFilter"))
    return settings.get("JoinSource") == "Input" or any(path not in ("", "$") for path in filters)


class Filters:
    """What is done to the records and answers of one job.

    Parameters
    ----------
    request : mapping
        CreateTransformJob's parameters, checked.
    """

    def __init__(self, request: Mapping[str, Any]) -> None:
        settings = request.get("DataProcessing", {})
        self._wanted = is_wanted(request)
        self._input: Step = compiled(settings.get("InputFilter", "$"))
        self._output: Step = compiled(settings.get("OutputFilter", "$"))
        self._joins = settings.get("JoinSource") == "Input"
        self._is_csv = request["TransformInput"].get("ContentType") == "text/csv"
        self._by_line = request["TransformInput"].get("SplitType") == "Line"

    def apply_input(self, record: Record) -> Record:
        """Return the record as the model gets it.

        Raises
        ------
        ObjectFailed
            Where it cannot be read, or has not what the filter wants.
        """
        if not self._wanted:
            return record
        body = self._written(self._selected(self._input, self._read(record.whole), "InputFilter"))
        return Record(body, body)

    def apply_output(self, originals: Sequence[Record], answer: bytes) -> bytes:
        """Return what goes to the output for the answer to some records.

        Raises
        ------
        ObjectFailed
            Where the answer has not one line for each record, or not what the filter wants.
        """
        if not self._wanted:
            return answer
        answers = answer.splitlines() if self._by_line else [answer]
        if len(answers) != len(originals):
            raise ObjectFailed(
                f"ClientError: The answer has {len(answers)} records, expected {len(originals)}, "
                "one for each that was sent"
            )
        pairs = zip(originals, answers, strict=True)
        return b"".join(self._output_of(record, text) for record, text in pairs)

    def _output_of(self, original: Record, answer: bytes) -> bytes:
        value = self._read(answer)
        if self._joins:
            join: Callable[[Any, Any], Any] = _join_columns if self._is_csv else _join_objects
            value = join(self._read(original.whole), value)
        return self._written(self._selected(self._output, value, "OutputFilter"))

    def _selected(self, select: Step, value: Any, member: str) -> Any:
        try:
            return select(value)
        except LookupError as error:
            raise ObjectFailed(f"ClientError: {member} finds nothing in a record: {error}") from error

    def _read(self, text: bytes) -> Any:
        try:
            if self._is_csv:
                [columns] = csv.reader([text.decode().rstrip("\r\n")])
                return columns
            return json.loads(text)
        except (ValueError, csv.Error) as error:
            raise ObjectFailed(f"ClientError: A record cannot be read: {error}") from error

    def _written(self, value: Any) -> bytes:
        ending = "\n" if self._by_line else ""
        if not self._is_csv:
            return (json.dumps(value) + ending).encode()
        line = io.StringIO()
        csv.writer(line, lineterminator=ending).writerow(value if isinstance(value, list) else [value])
        return line.getvalue().encode()


def _join_columns(original: list[str], answer: list[str]) -> list[str]:
    return [*original, *answer]


def _join_objects(original: Any, answer: Any) -> dict[str, Any]:
    if isinstance(original, dict):
        return {**original, "SageMakerOutput": answer}
    return {"SageMakerInput": original, "SageMakerOutput": answer}
