from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sagemaker_spark_py.staging.shares import Share, is_even, shares_for


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 200), min_size=1, max_size=12), st.integers(1, 9))
def test_splits_give_all_instances_something(rows, instances) -> None:
    if sum(rows.values()) < instances:
        return
    split = shares_for(rows, instances)

    assert {share.partition: share.rows for share in split} == rows
    assert all(1 <= share.objects <= share.rows for share in split)
    assert sum(share.objects for share in split) >= instances
    if sum(rows.values()) >= len(rows) * instances:
        assert sum(share.objects for share in split) == len(rows) * instances


@given(st.integers(1, 1000), st.data())
def test_cuts_leave_no_object_empty(rows, data) -> None:
    objects = data.draw(st.integers(1, rows))
    edges = [0, *Share(0, rows, objects).cuts, rows]
    sizes = [end - start for start, end in pairwise(edges)]

    assert len(sizes) == objects
    assert max(sizes) - min(sizes) <= 1


def test_large_partitions_are_split_more() -> None:
    assert {s.partition: s.objects for s in shares_for({0: 1000, 1: 10}, 2)} == {0: 3, 1: 1}


@pytest.mark.parametrize(
    ("objects", "instances", "even"),
    [(1, 1, True), (7, 1, True), (1, 2, False), (2, 2, True), (3, 2, False), (11, 2, True), (9, 10, False)],
)
def test_even(objects, instances, even) -> None:
    assert is_even(objects, instances) is even
