import gc
import weakref

import pytest

from sagemaker_spark_py.service.workers import settle


class Node:
    """Garbage, once it knows itself."""


@pytest.fixture(autouse=True)
def _new_worker():
    settle.cache_clear()
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_what_is_there_is_exempt_and_what_comes_later_is_not() -> None:
    settle()
    frozen = gc.get_freeze_count()
    node = Node()
    node.itself = node
    later = weakref.ref(node)
    del node

    settle()

    assert frozen > 10_000
    assert gc.get_freeze_count() <= frozen
    gc.collect()
    assert later() is None
