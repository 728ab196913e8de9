"""What an algorithm takes for training data: the table that each declares, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.staging.plan import WHERE_PRESENT

RECORDIO = "application/x-recordio-protobuf"
"""ContentType of the format ``sagemaker``."""


@dataclass(frozen=True)
class Intake:
    """What an algorithm takes; what is not said is not checked, as for images that we do not know.

    Parameters
    ----------
    formats : mapping of str to str, optional
        ContentType of each format that it takes; ``{labels}`` in it stands for the number of label columns.
    types : sequence of str
        Other ContentTypes that it takes, parameters aside.
    channels : sequence of str, optional
        Channels that it takes besides the training channel.
    replicated : sequence of str
        Those of them that each instance must get as a whole.
    one_type : sequence of str
        Those of them that are read as the training channel's ContentType says.
    label : str
        Whether training rows need a label: one of `staging.plan`'s words.
    weights : sequence of str, optional
        Formats in which it takes weights.
    numbers : str
        Which numbers it takes as features: one of `transformation.invalid.NUMBERS`.
    """

    formats: Mapping[str, str] | None = None
    types: Sequence[str] = ()
    channels: Sequence[str] | None = None
    replicated: Sequence[str] = ()
    one_type: Sequence[str] = ()
    label: str = WHERE_PRESENT
    weights: Sequence[str] | None = None
    numbers: str = "all"

    def check_format(self, what: str, format: str, content_type: str | None) -> None:
        """Refuse a format that the algorithm does not take.

        Other formats are taken if their ContentType, given by the user, is one that the algorithm takes.
        """
        if self.formats is None:
            return
        types = {_plain(kind) for kind in (*self.formats.values(), *self.types)}
        if content_type is not None and _plain(content_type) not in types:
            raise SettingError(
                f"ContentType of {what} is not taken by the algorithm: {content_type!r}; expected "
                f"{_listed(sorted(types))}."
            )
        if content_type is None and format not in self.formats:
            raise SettingError(
                f"Format of {what} is not taken by the algorithm: {format!r}; expected "
                f"{_listed(list(self.formats))}. For another one that the algorithm can read, give the "
                "ContentType too."
            )

    def content_type(self, format: str, labelled: bool) -> str | None:
        """Return the ContentType of a format; `None` if the algorithm says nothing of it."""
        kind = (self.formats or {}).get(format)
        return kind and kind.format(labels=int(labelled))

    def check_weights(self, format: str) -> None:
        """Refuse weights where the algorithm, or the format, has none."""
        if self.weights is not None and format not in self.weights:
            where = f"in formats {_listed(self.weights)} only" if self.weights else "not at all"
            raise SettingError(
                f"weightCol has no effect in format {format!r}: the algorithm takes weights {where}. "
                "Clear weightCol or change trainingSparkDataFormat."
            )

    def check_channel(self, name: str, distribution: str) -> None:
        """Refuse a channel that the algorithm does not take, or not so distributed."""
        if self.channels is not None and name not in self.channels:
            raise SettingError(
                f"Channel is not taken by the algorithm: {name!r}; expected {_listed(self.channels)}."
            )
        if name in self.replicated and distribution != "FullyReplicated":
            raise SettingError(
                f"Channel {name!r} is not taken so distributed: {distribution!r}; expected 'FullyReplicated'."
            )


def _plain(content_type: str) -> str:
    return content_type.partition(";")[0].strip()


def _listed(words: Sequence[str]) -> str:
    return " or ".join(repr(word) for word in words) or "none"
