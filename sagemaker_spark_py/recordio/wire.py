"""The numbers of the wire format; ``FORMAT.md`` beside this file says what they mean."""

from __future__ import annotations

MAGIC = 0xCED7230A
FRAME_BYTES = 8
"""Magic and length in front of each payload."""

ALIGNMENT_BYTES = 4
MAX_PAYLOAD_BYTES = (1 << 29) - 1
"""The upper three bits of the length word are the continuation flag of the RecordIO container."""

# Field numbers of Record.
FEATURES = 1
LABEL = 2
UID = 3
METADATA = 4
CONFIGURATION = 5

# Field numbers of a map entry.
NAME = 1
VALUE = 2

# Field numbers of Value, which also name what a value holds.
NOTHING = 0
FLOAT32 = 2
FLOAT64 = 3
INT32 = 7
BYTES = 9

# Field numbers of the three tensor messages; those of Bytes are a subset of them.
VALUES = 1
KEYS = 2
SHAPE = 3

# Wire types of protobuf.
VARINT = 0
FIXED64 = 1
LENGTH_DELIMITED = 2
FIXED32 = 5

DEFAULT_NAME = "values"
"""The name under which SageMaker's algorithms look for features and for the label."""


def tag(field: int) -> int:
    """Tag byte of a length-delimited field, the only sort that writers of this format need."""
    return field << 3 | LENGTH_DELIMITED


def padding(payload_bytes: int) -> int:
    """Zero bytes after a payload of this size."""
    return -payload_bytes % ALIGNMENT_BYTES
