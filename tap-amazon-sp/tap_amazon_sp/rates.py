"""How often Amazon lets an operation be called, and what its responses say of that."""

from __future__ import annotations

import math
from collections.abc import Mapping

from singer_amazon.rate_limits import Rate

UNKNOWN = Rate(1.0, 5)
"""For operations whose rate Amazon does not publish: responses and refusals show it."""

# for each application and selling partner; Amazon corrects them in its responses
RATES: Mapping[str, Rate] = {
    "createReport": Rate(0.0167, 15),
    "getReport": Rate(2.0, 15),
    "getReports": Rate(0.0222, 10),
    "cancelReport": Rate(0.0222, 10),
    "getReportDocument": Rate(0.0167, 15),
    "createQuery": Rate(0.0167, 15),
    "getQuery": Rate(2.0, 15),
    "getQueries": Rate(0.0222, 10),
    "cancelQuery": Rate(0.0222, 10),
    "getDocument": Rate(0.0167, 15),
    "getMarketplaceParticipations": Rate(0.016, 15),
    "createRestrictedDataToken": Rate(1.0, 10),
}


def rate_of_header(text: str | None) -> float | None:
    """Return what `x-amzn-RateLimit-Limit` says, in calls per second.

    It is the rate, never the calls that are left; None where it makes no sense.
    """
    try:
        rate = float(text or "")
    except ValueError:
        return None
    return rate if math.isfinite(rate) and rate > 0 else None
