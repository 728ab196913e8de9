"""The formats of AWS's first-party containers: bodies and files to rows, outputs to bodies.

Facts are from AWS's developer guide: "Common Data Formats for Training", "Common Data Formats for
Inference" and the "response formats" page of each algorithm.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sagemaker_spark_py.containers.records import read_recordio, write_recordio
from sagemaker_spark_py.containers.rows import Columns, Matrix, Rows
from sagemaker_spark_py.errors import ContainerError

RECORDIO = "application/x-recordio-protobuf"
CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"


class MediaType(NamedTuple):
    """A content type or one accepted type, such as ``text/csv; label_size=0``."""

    name: str
    parameters: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> MediaType:
        """Split `text`; name and parameter names come out in lower case."""
        name, *parameters = (part.strip() for part in text.split(";"))
        pairs = (parameter.partition("=") for parameter in parameters if parameter)
        return cls(name.lower(), {key.strip().lower(): value.strip() for key, _, value in pairs})


def read_csv(body: bytes, label_size: int) -> Rows:
    """Read CSV without a header: `label_size` label columns, then the features."""
    try:
        values = np.loadtxt(
            io.BytesIO(body), dtype=np.float32, delimiter=",", comments=None, ndmin=2, encoding="utf-8"
        )
    except ValueError as error:
        raise ContainerError(
            f"CSV cannot be read: {error}; expected numbers, as many in each line"
        ) from error
    if values.shape[1] <= label_size:
        raise ContainerError(
            f"CSV is too narrow: {values.shape[1]} columns; expected {label_size} label columns and features"
        )
    labels = None if label_size == 0 else values[:, 0] if label_size == 1 else values[:, :label_size]
    return Rows(values[:, label_size:], labels)


def label_size(media: MediaType, default: int) -> int:
    """Return the number of label columns that a CSV content type states."""
    text = media.parameters.get("label_size", str(default))
    if not text.isdigit():
        raise ContainerError(f"label_size is not a number: '{text}'; expected 0 or more")
    return int(text)


def decode_request(body: bytes, content_type: str, accepted: Sequence[str]) -> Matrix:
    """Return the features in a request.

    Parameters
    ----------
    body : bytes
        The request's body.
    content_type : str
        Its Content-Type.
    accepted : sequence of str
        Media types that this algorithm takes.

    Returns
    -------
    ndarray or csr_matrix
        float32 (n, d); CSR where a row of the request is sparse.

    Raises
    ------
    ContainerError
        415 for a content type that is not accepted, 400 for a body that cannot be read.
    """
    media = MediaType.parse(content_type)
    if media.name not in accepted:
        raise ContainerError(
            f"Content-type {content_type or 'none'} is not supported; expected one of: {', '.join(accepted)}",
            415,
        )
    if not body or body.isspace():
        raise ContainerError("unable to evaluate payload provided: the body is empty")
    try:
        return _DECODERS[media.name](body, media)
    except ContainerError as error:
        raise ContainerError(f"unable to evaluate payload provided: {error}", error.status) from error


def choose_accept(accept: str, offered: Sequence[str]) -> MediaType:
    """Return the first accepted type that is offered; no preference means the first offered.

    Raises
    ------
    ContainerError
        406 if none is offered.
    """
    for wanted in (accept or "*/*").split(","):
        media = MediaType.parse(wanted)
        if media.name in offered:
            return media
        if media.name in ("*/*", "application/*"):
            return MediaType(offered[0], media.parameters)
    raise ContainerError(f"Accept {accept} is not supported; expected one of: {', '.join(offered)}", 406)


def encode_response(columns: Columns, media: str, wrapper: str) -> bytes:
    """Return the outputs as a body.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Outputs by key, each (n,) or (n, m); the order is that of CSV columns.
    media : str
        One of this module's media types.
    wrapper : str
        The key of the JSON object that holds the list.
    """
    return _ENCODERS[media](columns, wrapper)


def _decode_json(body: bytes, media: MediaType) -> Matrix:
    content = _parse_json(body)
    if not isinstance(content, dict) or not isinstance(content.get("instances"), list):
        raise ContainerError('JSON has no list of instances; expected {"instances": [...]}')
    return _from_items(content["instances"])


def _decode_json_lines(body: bytes, media: MediaType) -> Matrix:
    return _from_items([_parse_json(line) for line in body.splitlines() if line.strip()])


def _parse_json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ContainerError(f"JSON cannot be read: {error}") from error


def _from_items(items: Iterable[Any]) -> Matrix:
    """Turn JSON items of the three documented forms into one matrix."""
    rows = [_item_features(index, item) for index, item in enumerate(items)]
    if not rows:
        raise ContainerError("there are no instances; expected at least one")
    if any(isinstance(row, dict) for row in rows):
        return _sparse_rows(rows)
    return _dense_rows(rows)


def _item_features(index: int, item: Any) -> Any:
    """Return the list of values, or the dict with keys, values and shape, of one item."""
    try:
        features = item["data"]["features"] if "data" in item else item["features"]
        if isinstance(features, dict) and "keys" not in features:
            features = features["values"]
    except (KeyError, TypeError) as error:
        raise ContainerError(
            f'instance {index} has no features; expected {{"features": [...]}} or '
            '{"data": {"features": {"values": [...]}}}'
        ) from error
    return features


def _dense_rows(rows: list[Any]) -> np.ndarray:
    try:
        values = np.array(rows, dtype=np.float32)
    except (ValueError, TypeError) as error:
        raise ContainerError("instances differ in size or hold other than numbers") from error
    if values.ndim != 2:
        raise ContainerError("features are not lists of numbers; expected one list per instance")
    return values


def _sparse_rows(rows: list[Any]) -> sparse.csr_matrix:
    parts = [_sparse_row(row) for row in rows]
    dims = {part.shape[1] for part in parts}
    if len(dims) > 1:
        raise ContainerError(f"instances differ in size: {sorted(dims)}; expected one size")
    return sparse.vstack(parts, format="csr")


def _sparse_row(row: Any) -> sparse.csr_matrix:
    try:
        if not isinstance(row, dict):
            return sparse.csr_matrix(np.array([row], dtype=np.float32))
        values = np.array(row["values"], dtype=np.float32)
        keys = np.array(row["keys"], dtype=np.int64)
        dim = int(row["shape"][-1])
        if keys.size and not 0 <= keys.min() <= keys.max() < dim:
            raise ValueError(f"key {keys.max()} is outside of the shape {dim}")
        return sparse.csr_matrix((values, keys, [0, len(values)]), shape=(1, dim))
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise ContainerError(
            f"a sparse instance cannot be read: {error}; expected keys, shape, values"
        ) from error


def _decode_csv(body: bytes, media: MediaType) -> Matrix:
    return read_csv(body, label_size(media, default=0)).features


def _decode_recordio(body: bytes, media: MediaType) -> Matrix:
    return read_recordio(body).features


_DECODERS: dict[str, Callable[[bytes, MediaType], Matrix]] = {
    RECORDIO: _decode_recordio,
    CSV: _decode_csv,
    JSON: _decode_json,
    JSON_LINES: _decode_json_lines,
}


def _items(columns: Columns) -> list[dict[str, Any]]:
    keys = list(columns)
    values = [np.asarray(columns[key], dtype=np.float32).tolist() for key in keys]
    return [dict(zip(keys, row, strict=True)) for row in zip(*values, strict=True)]


def _encode_json(columns: Columns, wrapper: str) -> bytes:
    return json.dumps({wrapper: _items(columns)}).encode()


def _encode_json_lines(columns: Columns, wrapper: str) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in _items(columns)).encode()


def _encode_csv(columns: Columns, wrapper: str) -> bytes:
    text = io.StringIO()
    rows = zip(*(np.asarray(column, dtype=np.float32).tolist() for column in columns.values()), strict=True)
    text.writelines(",".join(map(str, row)) + "\n" for row in rows)
    return text.getvalue().encode()


def _encode_recordio(columns: Columns, wrapper: str) -> bytes:
    return write_recordio(columns)


_ENCODERS: dict[str, Callable[[Columns, str], bytes]] = {
    RECORDIO: _encode_recordio,
    CSV: _encode_csv,
    JSON: _encode_json,
    JSON_LINES: _encode_json_lines,
}
