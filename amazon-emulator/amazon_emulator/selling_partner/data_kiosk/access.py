"""Who may ask for what: account kinds, roles, and fields by right. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amazon_emulator.http import RefusalError
from amazon_emulator.selling_partner.access.refusals import denied, invalid
from amazon_emulator.selling_partner.accounts import (
    BRAND_ANALYTICS,
    LENDING,
    SELLING_PARTNER_INSIGHTS,
)
from amazon_emulator.selling_partner.data_kiosk.datasets.contents import DATASETS
from amazon_emulator.selling_partner.data_kiosk.datasets.estimates import (
    PREVIEW,
    SIMULATION,
)
from amazon_emulator.selling_partner.data_kiosk.query_text import INVALID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_emulator.selling_partner.accounts import Partner
    from amazon_emulator.selling_partner.data_kiosk.query_text import QueryText

NO_FIELDS = "Unauthorized to access requested fields."
RIGHTS = {"sales_and_traffic": BRAND_ANALYTICS, "lending": LENDING}
"""Right that a field may need -> the role that gives it here."""
_ROLE_OF_ROOT = dict.fromkeys(
    ("economics", PREVIEW, SIMULATION), SELLING_PARTNER_INSIGHTS
)


def check_role(partner: Partner) -> None:
    """Refuse every Data Kiosk call of an account without Brand Analytics (403)."""
    if BRAND_ANALYTICS not in partner.roles:
        raise denied()


def check_fields(partner: Partner, query: QueryText, without: Sequence[str]) -> None:
    """Refuse a query for fields the account may not see (403); the details name them.

    `without` are paths such as `sales.unitsOrderedB2B`, with all that is in them.
    """
    if query.root not in DATASETS:
        raise invalid(INVALID, f"The emulator has no data for '{query.root}'.")
    if DATASETS[query.root][0] != partner.account_type:
        raise denied()
    refused = [path for path in without if _is_selected(path, query)]
    granted = {right for right, role in RIGHTS.items() if role in partner.roles}
    refused += [path for path, any_of in query.rights.items() if not granted & any_of]
    where = f"{query.domain}.{query.root}"
    named = [f"{where}.{path}" for path in dict.fromkeys(refused)]
    role = _ROLE_OF_ROOT.get(query.root)
    if role is not None and role not in partner.roles:
        named = [where]
    if named:
        text = f"Unauthorized to access: [{', '.join(named)}]"
        raise RefusalError(403, NO_FIELDS, text)


def _is_selected(path: str, query: QueryText) -> bool:
    return any(f"{each}.".startswith(f"{path}.") for each in query.paths())
