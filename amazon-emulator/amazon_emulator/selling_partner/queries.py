"""Reads what the calls of all these APIs ask for: lists, instants, pages."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from amazon_emulator.clock import parse_instant
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.marketplaces import MARKETPLACES, Marketplace

if TYPE_CHECKING:
    from datetime import datetime

    from werkzeug import Request

    from amazon_emulator.selling_partner.accounts import Partner


def read_query(request: Request) -> dict[str, str]:
    """Return the parameters of a call; a repeated one is a list with commas."""
    return {name: ",".join(request.args.getlist(name)) for name in request.args}


def split(text: str | None) -> list[str]:
    """Return the items of a list with commas."""
    return [item for item in (text or "").split(",") if item]


def read_instant(given: Mapping[str, object], name: str, default: datetime) -> datetime:
    """Return an instant by its name, or refuse it (400)."""
    value = given.get(name)
    if not value:
        return default
    try:
        return parse_instant(str(value))
    except ValueError:
        text = f"{name} is not an ISO 8601 date-time."
        raise invalid(text, str(value)) from None


def read_marketplaces(ids: Sequence[str], partner: Partner) -> list[Marketplace]:
    """Return the marketplaces of an account, or refuse (400, 403) others."""
    for marketplace_id in ids:
        if marketplace_id not in MARKETPLACES:
            raise invalid("Invalid Marketplace id.", marketplace_id)
        if marketplace_id not in partner.marketplace_ids:
            raise denied()
    return [MARKETPLACES[marketplace_id] for marketplace_id in ids]


def page_token(content: Mapping[str, object]) -> str:
    """Return the text that finds the next page again."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def read_page_token(text: str) -> dict[str, object]:
    """Return what a page token was made of; ValueError: it is none."""
    content = json.loads(base64.urlsafe_b64decode(text))
    if not isinstance(content, dict):
        raise ValueError(text)  # noqa: TRY004 - as for any other text
    return content
