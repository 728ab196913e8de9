"""Asking whether a name is taken, before anything costs."""

from __future__ import annotations

from collections.abc import Callable

from sagemaker_spark_py.errors import ServiceError


def require_unused(subject: str, describe: Callable[[], object], advice: str) -> None:
    """Refuse a name that something bears already; driver side.

    Where AWS does not want to say, nothing is refused here: it says so to whoever uses the name.

    Parameters
    ----------
    subject : str
        Kind and name, for example ``"Training job 'x'"``.
    describe : callable
        Asks AWS for what bears the name.
    advice : str
        What to do; ends the message.

    Raises
    ------
    ServiceError
        With the code ResourceInUse if the name is taken; with another one if AWS cannot be asked at all.
    """
    try:
        describe()
    except ServiceError as error:
        if error.status:
            return
        raise
    text = f"{subject} exists already; expected a name that is not in use. {advice}"
    raise ServiceError(text, code="ResourceInUse")
