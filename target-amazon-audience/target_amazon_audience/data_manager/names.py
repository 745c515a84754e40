"""What a dataset is called: the same for the same external id, in every run."""

from __future__ import annotations

import re
from hashlib import sha256

_IS_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{4,99}").fullmatch
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]+")
_MAX_SLUG = 80
_DIGITS = 8


def dataset_name(external_id: str) -> str:
    """Return the name of the dataset behind an external audience id.

    Amazon takes 5 to 100 letters, digits, ``-`` and ``_``, the first one a letter. An
    id of another form is written in these, with the beginning of its hash, so that two
    ids never share a name.
    """
    if _IS_NAME(external_id):
        return external_id
    slug = _NOT_ALLOWED.sub("-", external_id).strip("-")[:_MAX_SLUG]
    if not slug[:1].isalpha():
        slug = f"audience-{slug}".rstrip("-")
    digits = sha256(external_id.encode()).hexdigest()[:_DIGITS]
    return f"{slug}-{digits}"
