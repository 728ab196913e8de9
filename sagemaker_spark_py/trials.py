"""Endpoints of trials: of models that were fitted only to be compared.

A search over parameters (CrossValidator, TrainValidationSplit) fits many models, transforms with each, drops
it and knows nothing of endpoints. So the endpoint that a trial's model made for itself is deleted once nobody
holds the model any more: when the same estimator is fitted again, which every search does at its end. What a
search that broke off has left is named when Python exits.
"""

from __future__ import annotations

import atexit
import logging
import threading
import weakref
from collections import defaultdict
from typing import Any

from sagemaker_spark_py.errors import SageMakerSparkError
from sagemaker_spark_py.resources import CreatedResources
from sagemaker_spark_py.service import SageMakerResourceCleanup, Session

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_forgotten: dict[str, list[tuple[Session, CreatedResources]]] = defaultdict(list)


def watch(holder: Any, uid: str, session: Session, created: CreatedResources) -> None:
    """Remember what was created until `holder`, which the model and its copies share, is gone.

    Parameters
    ----------
    holder : object
        Held by all who may still use the endpoint.
    uid : str
        Of the estimator.
    session : Session
        How to reach SageMaker.
    created : CreatedResources
        What to delete.
    """
    # What is held until exit, such as the best model of a search, is its user's.
    weakref.finalize(holder, _forget, uid, session, created).atexit = False


def delete_forgotten(uid: str) -> None:
    """Delete what models of an estimator created that nobody holds any more; failures are logged."""
    with _lock:
        entries = _forgotten.pop(uid, [])
    for session, created in entries:
        try:
            SageMakerResourceCleanup(session.client("sagemaker")).deleteResources(created)
        except SageMakerSparkError as error:
            _log.warning("A trial's resources are left: %s", error)


def _forget(uid: str, session: Session, created: CreatedResources) -> None:
    with _lock:
        _forgotten[uid].append((session, created))


@atexit.register
def _name_forgotten() -> None:
    for _, created in (entry for entries in _forgotten.values() for entry in entries):
        _log.warning("Made for a trial of a search: %s. Delete them if they are still there.", created)
