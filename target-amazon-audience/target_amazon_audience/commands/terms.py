"""What `check` says of the terms of an API."""

from __future__ import annotations

from collections.abc import Callable

from singer_amazon.commands.findings import Finding, refusal
from singer_amazon.errors import AmazonError


def terms_finding(
    name: str, is_accepted: Callable[[], bool], *, accepts: bool, words: str, step: str
) -> Finding:
    """Return whether terms are accepted, or will be by the run (`accepts`).

    `words` say that they are not, `step` what to do then.
    """
    try:
        accepted = is_accepted()
    except AmazonError as error:
        return refusal("account", name, error)
    if accepted:
        return Finding("account", name, "ok", "accepted")
    if accepts:
        return Finding("account", name, "ok", f"{words}; the run accepts them")
    return Finding("account", name, "refused", words, step)
