"""Whether a queue lets Amazon send to it, and the policy that does (pure)."""

from __future__ import annotations

import json
from typing import Any

SENDER = "arn:aws:iam::437568002678:root"
"""Whom Amazon sends notifications as."""

SENDING = ("sqs:SendMessage", "sqs:GetQueueAttributes")


def lets_amazon_send(policy: str | None) -> bool:
    """Whether the policy of a queue allows Amazon to send to it."""
    try:
        statements = json.loads(policy or "{}").get("Statement", [])
    except (ValueError, AttributeError):
        return False
    found = statements if isinstance(statements, list) else [statements]
    return any(_allows_sender(entry) for entry in found if isinstance(entry, dict))


def _allows_sender(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    names = principal.get("AWS") if isinstance(principal, dict) else principal
    allowed = names if isinstance(names, list) else [names]
    account = SENDER.split(":")[4]
    is_named = any(name in {"*", SENDER, account} for name in allowed)
    return is_named and statement.get("Effect") == "Allow"


def policy_for(arn: str) -> str:
    """Return the policy with which Amazon may send to a queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": SENDER},
        "Action": list(SENDING),
        "Resource": arn,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
