"""Requests to the XGBoost images. What they take and how they answer changed from version to version.

Facts are from aws/sagemaker-xgboost-container, whose tags are the images' versions; 0.72, which is not
public, is taken to answer as 0.90-1 does.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xgboost
from scipy import sparse

from sagemaker_spark_py.containers.formats import CSV, JSON, JSON_LINES, RECORDIO, MediaType
from sagemaker_spark_py.containers.job import Hosting
from sagemaker_spark_py.containers.records import read_recordio
from sagemaker_spark_py.containers.rows import Matrix
from sagemaker_spark_py.containers.server import Handler, Request, Response
from sagemaker_spark_py.containers.xgboost_answers import encode_plain, encode_selected
from sagemaker_spark_py.containers.xgboost_data import parse_csv, parse_libsvm
from sagemaker_spark_py.errors import ContainerError

_LIBSVM = ("text/libsvm", "text/x-libsvm")
_ACCEPTED = (CSV, JSON, JSON_LINES, RECORDIO)
_FIRST_CLOSED_VERSION = (0, 72)


class Habits(NamedTuple):
    """What a version does its own way.

    Attributes
    ----------
    takes_recordio : bool
        Whether requests may be recordIO-protobuf.
    honours_accept : bool
        Whether the answer's format follows Accept and CSV has a line per row; before, all is one line.
    selects : bool
        Whether SAGEMAKER_INFERENCE_OUTPUT selects the answer's content.
    shifts_libsvm : bool
        Whether a libsvm request without index 0 is taken to count from 1.
    refuses_empty_records : bool
        Whether a sparse record without values fails unless it is the first.
    """

    takes_recordio: bool
    honours_accept: bool
    selects: bool
    shifts_libsvm: bool
    refuses_empty_records: bool

    @classmethod
    def of(cls, tag: str) -> Habits:
        """Return the habits of the image with this tag."""
        version = version_of(tag)
        return cls(
            takes_recordio=version >= (0, 90, 2),
            honours_accept=version >= (1, 3),
            selects=version >= (1, 0),
            shifts_libsvm=version >= (3, 2),
            refuses_empty_records=version >= (3, 2),
        )


def version_of(tag: str) -> tuple[int, ...]:
    """Return the version in a tag: (1, 7, 1) for ``"1.7-1"``, (0, 72) for the oldest image's ``"1"``."""
    match = re.match(r"(\d+)\.(\d+)-(\d+)", tag)
    return tuple(map(int, match.groups())) if match else _FIRST_CLOSED_VERSION


def load(hosting: Hosting) -> Handler:
    """Return the handler that answers with the hosted booster."""
    booster = _load_booster(hosting.model_dir)
    habits = Habits.of(hosting.tag)
    configuration = json.loads(booster.save_config())["learner"]
    lock = threading.Lock()  # XGBoost promises thread safe prediction for some boosters only

    def handle(request: Request) -> Response:
        if not request.body:
            return Response(b"", CSV, 204)
        features, media = decode(request, habits)
        with lock:
            predictions = _predict(booster, features, media)
        accept = _choose_accept(request.accept, hosting.environment) if habits.honours_accept else CSV
        return _answer(predictions, accept, habits, hosting.environment, configuration)

    return handle


def check_records(features: Matrix, habits: Habits) -> None:
    """Refuse sparse records without values where the version's own reader does."""
    if not habits.refuses_empty_records or isinstance(features, np.ndarray):
        return
    empty = np.flatnonzero(np.diff(features.indptr)[1:] == 0)
    if empty.size:
        raise ContainerError(f"record {empty[0] + 1} has no values: mismatching column dimensions")


def _load_booster(model_dir: Path) -> xgboost.Booster:
    files = sorted(path for path in model_dir.iterdir() if path.is_file() and not path.name.startswith("."))
    if not files:
        raise ContainerError("there is no model: the artifact has no file; expected xgboost-model")
    try:
        booster = xgboost.Booster(model_file=bytearray(files[0].read_bytes()))
    except xgboost.core.XGBoostError as error:
        raise ContainerError(
            f"the model {files[0].name} cannot be loaded; expected what Booster.save_model writes"
        ) from error
    booster.set_param({"nthread": 1})
    return booster


def decode(request: Request, habits: Habits) -> tuple[xgboost.DMatrix, str]:
    """Return the features of a request and its media type."""
    media = MediaType.parse(request.content_type or CSV).name
    supported = (CSV, *_LIBSVM, *((RECORDIO,) if habits.takes_recordio else ()))
    if media not in supported:
        raise ContainerError(
            f"Content-type {media} not supported. Supported content-type is {', '.join(supported)}", 415
        )
    try:
        return xgboost.DMatrix(_features(request.body, media, habits)), media
    except (ContainerError, UnicodeDecodeError) as error:
        kind = "libsvm" if media in _LIBSVM else "csv" if media == CSV else "recordio-protobuf"
        raise ContainerError(
            f"Loading {kind} data failed with Exception, please ensure data is in {kind} format:\n {error}",
            415,
        ) from error


def _features(body: bytes, media: str, habits: Habits) -> Matrix:
    if media == CSV:
        return parse_csv(body)
    if media == RECORDIO:
        features = read_recordio(body).features
        check_records(features, habits)
        return features
    return _libsvm_features(body.strip().decode("utf-8").split("\n"), habits)


def _libsvm_features(lines: list[str], habits: Habits) -> sparse.csr_matrix:
    """Read libsvm as the images do: rows without features at the end are lost."""
    matrix = parse_libsvm(lines)
    rows = np.flatnonzero(np.diff(matrix.indptr))
    if not rows.size:
        raise ContainerError("no row has a feature")
    matrix = matrix[: rows[-1] + 1]
    return matrix[:, 1:] if habits.shifts_libsvm and matrix.indices.min() > 0 else matrix


def _predict(booster: xgboost.Booster, features: xgboost.DMatrix, media: str) -> np.ndarray:
    _check_width(features.num_col(), booster.num_features(), media)
    best = booster.attr("best_iteration")
    trees = (0, int(best) + 1) if best is not None else (0, 0)
    try:
        return np.asarray(booster.predict(features, iteration_range=trees, validate_features=False))
    except xgboost.core.XGBoostError as error:
        first_line = str(error).split("\n")[0]
        raise ContainerError(f"Unable to evaluate payload provided: {first_line}") from error


def _check_width(given: int, trained: int, media: str) -> None:
    kind = {CSV: "csv", RECORDIO: "recordio-protobuf"}.get(media, "libsvm")
    if kind == "libsvm" and given > trained + 1:
        raise ContainerError(
            f"Unable to evaluate payload provided: Feature size of libsvm inference data {given} is larger "
            f"than feature size of trained model {trained}."
        )
    if kind != "libsvm" and given not in (trained, trained - 1):
        raise ContainerError(
            f"Unable to evaluate payload provided: Feature size of {kind} inference data {given} is not "
            f"consistent with feature size of trained model {trained}."
        )


def _choose_accept(accept: str, environment: Mapping[str, str]) -> str:
    wanted = MediaType.parse(accept).name
    if wanted in ("", "*/*"):
        wanted = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV)
    if wanted not in _ACCEPTED:
        raise ContainerError(
            f"Accept type {accept} is not supported. Please use supported accept types: "
            f"{', '.join(_ACCEPTED)}.",
            406,
        )
    return wanted


def _answer(
    predictions: np.ndarray,
    accept: str,
    habits: Habits,
    environment: Mapping[str, str],
    configuration: dict[str, Any],
) -> Response:
    selected = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "")
    if habits.selects and selected:
        keys = selected.replace(" ", "").lower().split(",")
        objective = configuration["objective"]["name"]
        classes = int(configuration["learner_model_param"]["num_class"])
        return Response(encode_selected(predictions, keys, objective, classes, accept), accept)
    if environment.get("SAGEMAKER_BATCH"):
        lines = "".join(f"{value}\n" for value in predictions.tolist())
        return Response(lines.encode(), accept)
    if not habits.honours_accept:
        return Response(",".join(map(str, predictions.tolist())).encode(), CSV)
    return Response(encode_plain(predictions, accept), accept)
