"""Amazon's wordings that this tap reacts to: one line each, with where it was seen.

Hardly one is documented. A new wording is a new line here; a text that no line knows is
handed on as it is. Sources: the official documentation, its public issue trackers
(models, docs), and what users of other connectors have posted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Meaning(Enum):
    """What a text of Amazon's comes down to."""

    NOT_YET = "not published yet"
    TOO_OFTEN = "asked too often"
    NO_RIGHT = "no right to it"
    GENERIC = "blames the parameters, whatever it was"
    UNAVAILABLE = "nothing there, now or for good"
    BAD_OPTIONS = "options or dates are wrong"
    TOKEN_ENDED = "the access token has ended"  # noqa: S105 - no password
    SECRET_ENDED = "the client secret has ended"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Wording:
    """A text, as a pattern in which upper and lower case are one, and its source."""

    meaning: Meaning
    pattern: str
    source: str


_M = Meaning
# the first that matches counts: a text on a day that is not published also names
# dataEndTime, and the generic text speaks of parameters that may be valid
FATAL_TEXTS = (
    Wording(_M.NOT_YET, r"not (yet|currently) (available|published|ready)", "users"),
    Wording(_M.NOT_YET, r"(is|are) not available yet|at a later time", "docs#2444"),
    Wording(_M.NOT_YET, r"(will|to) be(come)? available", "users"),
    Wording(_M.TOO_OFTEN, r"too (many|often|frequent)|once (every|per)", "users"),
    Wording(_M.TOO_OFTEN, r"quota|throttl|rate exceeded", "429 body, documented"),
    Wording(_M.TOO_OFTEN, r"already (been )?(requested|in progress)", "users"),
    Wording(_M.TOO_OFTEN, r"within the last \d+", "users"),
    Wording(_M.NO_RIGHT, r"unauthori[sz]ed|forbidden|permission", "models#2546"),
    Wording(
        _M.NO_RIGHT,
        r"not (been )?(authori[sz]ed|permitted|enrolled|eligible)",
        "users",
    ),
    Wording(
        _M.NO_RIGHT, r"access (is |was |to )?.{0,30}denied", "403 body, documented"
    ),
    Wording(_M.NO_RIGHT, r"(do|does) not have access|brand registry", "models#2546"),
    Wording(_M.GENERIC, r"client error occurred", "models#4701, #5042, #5065"),
    Wording(_M.GENERIC, r"check that your parameters", "models#4701, #5042, #5065"),
    Wording(_M.UNAVAILABLE, r"unavailable|different date range", "models#2726"),
    Wording(_M.UNAVAILABLE, r"no (data|results|records|orders|rows)\b", "users"),
    Wording(_M.UNAVAILABLE, r"(data|results) (was|were) not found", "users"),
    Wording(_M.UNAVAILABLE, r"nothing to report", "users"),
    Wording(_M.BAD_OPTIONS, r"reportOption|missing|required|requires", "models#4701"),
    Wording(
        _M.BAD_OPTIONS,
        r"dataStartTime|dataEndTime|must (be|fall|correspond|have)",
        "models#2726",
    ),
    Wording(_M.BAD_OPTIONS, r"invalid|malformed|exceed", "models#4866"),
    Wording(_M.BAD_OPTIONS, r"(one|single) marketplace", "schemas of the reports"),
    Wording(_M.BAD_OPTIONS, r"not (a )?(valid|supported|allowed)", "users"),
)
"""Why a report ended FATAL: `errorDetails` of its document."""

REFUSALS = (
    Wording(_M.SECRET_ENDED, r"secret.{0,60}expired", "documented, access errors"),
    Wording(
        _M.TOKEN_ENDED,
        r"access token.{0,60}(revoked|malformed|invalid|expired)",
        "models#4122: an ended token is a 403 too",
    ),
)
"""What a 401 or 403 means that is no missing right."""


@dataclass(frozen=True, slots=True)
class Pause:
    """How soon Amazon makes a type of report anew; sooner, it says CANCELLED."""

    types: str
    seconds: int
    source: str


PAUSES = (
    Pause(r"GET_AFN_INVENTORY_DATA", 1800, "near real time, FBA reports page"),
    Pause(r"GET_FBA_MYI_", 1800, "near real time, FBA reports page"),
    Pause(r"GET_(RESERVED|RESTOCK|STRANDED)_INVENTORY", 1800, "FBA reports page"),
    Pause(r"GET_(FBA|AFN|LEDGER|EXCESS|AMAZON_FULFILLED)_", 14400, "daily, FBA page"),
    Pause(r"GET_(BRAND_ANALYTICS|VENDOR|COUPON|PROMOTION)_", 0, "they end FATAL"),
    Pause(r"GET_SALES_AND_TRAFFIC", 0, "has a quota of its own"),
    Pause(r"GET_(FLAT_FILE|XML)_ALL_ORDERS_", 0, "exempt, FBA reports page"),
    Pause(r"", 1800, "nothing is known: the shortest that is"),
)
"""CANCELLED gives no reason: mostly no data, but also asked too often (docs#1604).

The first that matches the beginning of a type counts.
"""

ROLES = (
    (r"GET_BRAND_ANALYTICS", "the role Brand Analytics, and a brand in Brand Registry"),
    (r"GET_VENDOR", "the authorisation of a vendor with the role Brand Analytics"),
    (
        r"GET_(COUPON|PROMOTION)_PERFORMANCE",
        "the role Brand Analytics (for sellers Selling Partner Insights)",
    ),
    (r"GET_(SALES_AND_TRAFFIC|SELLER)", "the authorisation of a seller"),
    (r".*(SHIPPING|INVOICING|TAX)", "a role for personal or tax data"),
)
"""Which right a type needs: the beginning of the type, and the words for people."""


def fatal_meaning(text: str) -> Meaning | None:
    """Return what the text of a FATAL report means; None where no line knows it."""
    return _first(FATAL_TEXTS, text)


def refusal_meaning(text: str) -> Meaning | None:
    """Return what the text of a 401 or 403 means beside a missing right."""
    return _first(REFUSALS, text)


def pause_after(report_type: str) -> int:
    """Return after how many seconds a CANCELLED report is worth asking for again.

    0 where CANCELLED cannot mean that it was asked for too often.
    """
    return next(p.seconds for p in PAUSES if re.match(p.types, report_type))


def role_for(report_type: str) -> str:
    """Return the right that a type of report needs, in words."""
    found = (words for types, words in ROLES if re.match(types, report_type))
    return next(found, "the role this report needs")


def _first(wordings: tuple[Wording, ...], text: str) -> Meaning | None:
    for wording in wordings:
        if re.search(wording.pattern, text, re.IGNORECASE | re.DOTALL):
            return wording.meaning
    return None
