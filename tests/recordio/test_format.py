"""The examples of FORMAT.md are what it says they are."""

import re
from pathlib import Path

import numpy as np
import pytest

from sagemaker_spark_py import recordio
from sagemaker_spark_py.recordio import decode, encode_dense, encode_rows, encode_sparse, encode_tensors

from .judge import assert_decoded, messages

FORMAT = Path(recordio.__file__).with_name("FORMAT.md").read_text(encoding="utf-8")

ENCODERS = {
    "dense vector [1.5, 2.0], label 3.5": lambda: encode_dense([[1.5, 2]], [3.5]),
    "dense vector [1.5, 2.0], no label": lambda: encode_dense([[1.5, 2]]),
    "dense vector of size 0, no label": lambda: encode_dense(np.empty((1, 0))),
    "sparse vector of size 4 with 1.0 at 1 and 2.0 at 3, label 1.0": lambda: encode_sparse(
        [0, 2], [1, 3], [1, 2], 4, [1]
    ),
    "sparse vector of size 300 with 1.0 at 0, 2.0 at 127 and 3.0 at 128, no label": lambda: encode_sparse(
        [0, 3], [0, 127, 128], [1, 2, 3], 300
    ),
    "sparse vector of size 4 without entries, no label": lambda: encode_sparse([0, 0], [], [], 4),
    "sparse vector of size 4 without entries, filled for XGBoost, no label": lambda: encode_sparse(
        [0, 0], [], [], 4, fill_empty=True
    ),
    "dense matrix [[1, 3, 5], [2, 4, 6]], label 1.0": lambda: encode_dense([[[1, 3, 5], [2, 4, 6]]], [1]),
    "sparse 3x4 matrix with 1 to 6 at (0,1) (1,1) (2,1) (0,2) (1,2) (1,3), no label": lambda: encode_rows(
        [True], [0, 6], [1, 5, 9, 2, 6, 7], range(1, 7), [12], shapes=[[3, 4]]
    ),
    "answer of k-means: closest_cluster 2.0, distance_to_cluster 0.5": lambda: encode_tensors(
        {}, {"closest_cluster": [2], "distance_to_cluster": [0.5]}
    ),
}


def examples():
    """Titles and bytes of the examples."""
    for block in re.findall(r"```recordio\n# (.*?)```", FORMAT, re.DOTALL):
        title, _, lines = block.partition("\n")
        yield title, bytes.fromhex(re.sub(r"#.*", "", lines))


EXAMPLES = dict(examples())


def test_every_example_is_known():
    read_only = {title for title in EXAMPLES if title.startswith(("no payload", "read only"))}
    assert EXAMPLES.keys() - read_only == ENCODERS.keys()


@pytest.mark.parametrize("title", ENCODERS)
def test_examples_are_written(title):
    assert ENCODERS[title]().data.tobytes().hex() == EXAMPLES[title].hex()


@pytest.mark.parametrize("title", EXAMPLES)
def test_examples_are_read(title):
    assert_decoded(decode(EXAMPLES[title]), messages(EXAMPLES[title]))


def test_of_two_answers_the_last_wins():
    [title] = [title for title in EXAMPLES if title.startswith("read only")]
    assert decode(EXAMPLES[title]).label["score"].dense(1).tolist() == [[0.75]]


@pytest.mark.parametrize("size", [32, 784, 4091])
def test_sizes_of_dense_records(size):
    assert len(encode_dense(np.ones((1, size)), [1]).data) == 48 + 4 * size
