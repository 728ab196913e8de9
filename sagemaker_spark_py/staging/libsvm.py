"""Rows as LibSVM lines that XGBoost's own reader of training files understands.

That reader (dmlc-core, tried with XGBoost 3.2) takes the next number of the text for the value of an entry
``3:nan`` and loses or refuses what is infinite; both without a word. Its numbers are float32.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from sagemaker_spark_py.errors import DataError
from sagemaker_spark_py.staging.rows import Array, Rows
from sagemaker_spark_py.transformation.text import TEXT, as_payloads, as_runs, glue, texts


def libsvm_lines(rows: Rows, index_base: int) -> pa.LargeBinaryArray:
    """Return one line ``label index:value ...`` per row.

    All entries that a row stores are written, zeros too: XGBoost takes what is absent for missing, which is
    not the same as 0. NaN means missing as well and is left out. Rows without any entry get ``0:0``, because
    not every reader takes a line with nothing but a label.

    Parameters
    ----------
    rows : Rows
        With labels.
    index_base : {0, 1}
        Index of the first feature.

    Raises
    ------
    DataError
        If a value is infinite or too large for float32, or a label is not finite.
    """
    labels, features = rows.float32()
    assert labels is not None
    _require_finite("The label", labels, np.isfinite(labels), np.arange(len(labels)))
    values, owners = features.values, features.row_of_entry()
    _require_finite(f"Column {features.name!r}", values, ~np.isinf(values), owners)
    present = ~np.isnan(values)
    counts = np.bincount(owners[present], minlength=len(features))
    indices = features.all_indices()[present] + index_base
    entries = as_runs(_entries(indices, values[present]), np.append(0, np.cumsum(counts)))
    fillers = pa.array(["", " 0:0"], TEXT).take(pa.array((counts == 0).astype(np.int8)))
    return as_payloads(glue(texts(labels), fillers, entries, "\n"))


def _entries(indices: Array, values: Array) -> pa.LargeStringArray:
    """Return `` index:value`` for each entry."""
    count = int(indices.max(initial=-1)) + 1
    if count > len(indices):
        return glue(" ", texts(indices), ":", texts(values))
    prefixes = glue(" ", texts(np.arange(count)), ":")
    return glue(prefixes.take(pa.array(indices)), texts(values))


def _require_finite(subject: str, numbers: Array, good: Array, owners: Array) -> None:
    if not good.all():
        bad = int(np.argmin(good))
        raise DataError(
            f"{subject} is not finite: {numbers[bad]} in row {owners[bad]} of the batch; expected a "
            "finite number. Replace it, or write another format."
        )
