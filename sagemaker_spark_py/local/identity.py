"""Who calls: everybody is the role ``local``, unless they have taken on another by AssumeRole."""

from __future__ import annotations

from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.incoming import Incoming

TEMPORARY = "ASIA"  # how the keys that AssumeRole gives begin; the library knows whose they are
_ANSWER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult>
<Arn>arn:aws:sts::{account}:assumed-role/local/local</Arn>
<UserId>AROALOCAL:local</UserId>
<Account>{account}</Account>
</GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


def caller(request: Incoming) -> Answer | None:
    """Answer GetCallerIdentity; None for other operations and for keys that AssumeRole gave."""
    if request.operation != "GetCallerIdentity" or request.key.startswith(TEMPORARY):
        return None
    return Answer(200, {"Content-Type": "text/xml"}, _ANSWER.format(account=request.account).encode())
