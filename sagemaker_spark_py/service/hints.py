"""What to do about the commonest reasons for which SageMaker lets a job or an endpoint fail."""

from __future__ import annotations

import re

_HINTS = {
    r"no s3 objects found|no objects? .*prefix": "The input's prefix is empty or misspelt.",
    r"same region|PermanentRedirect": "Use a bucket in the job's region.",
    r"access ?denied|not authorized|forbidden|\b403\b": (
        "The job acts as the role that was given: let it read the input, write the output, use the KMS keys."
    ),
    r"capacity ?error|insufficient.*capacity|unable to provision": (
        "AWS is short of this instance type now: try later, or take another type."
    ),
    r"out ?of ?memory|exit code: 137|cannot allocate memory|\bkilled\b": (
        "The container ran out of memory: take a larger instance type or smaller batches."
    ),
    r"no space left|disk.*full|not enough.*(disk|volume)": (
        "The volume is full: raise trainingInstanceVolumeSizeInGB."
    ),
    r"internal ?server ?error": "AWS calls this its own fault: try once more.",
    r"cannotpull|manifest unknown|image.*(does not exist|not found)": (
        "The image cannot be pulled: check its name, tag, account and region."
    ),
    r"hyper-?parameter|validation (error|failed)": (
        "A hyperparameter is not what the algorithm takes, or does not fit the data."
    ),
    r"ping health check|did not pass the ping": (
        "The container did not answer /ping in time: its log tells why."
    ),
    r"max_?runtime_?exceeded": "It ran longer than trainingMaxRuntimeInSeconds allows: raise it.",
}


def hint(reason: str) -> str:
    """Return advice for a FailureReason, or ``""``."""
    for pattern, advice in _HINTS.items():
        if re.search(pattern, reason, re.IGNORECASE):
            return advice
    return ""
