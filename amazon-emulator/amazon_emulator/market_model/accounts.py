"""Who advertises, and how large its market is."""

from __future__ import annotations

from dataclasses import dataclass

SPONSORED_PRODUCTS = "SPONSORED_PRODUCTS"
SPONSORED_BRANDS = "SPONSORED_BRANDS"
SPONSORED_DISPLAY = "SPONSORED_DISPLAY"
SPONSORED_TELEVISION = "SPONSORED_TELEVISION"
DSP = "DEMAND_SIDE_PLATFORM"
SPONSORED = (
    SPONSORED_PRODUCTS,
    SPONSORED_BRANDS,
    SPONSORED_DISPLAY,
    SPONSORED_TELEVISION,
)
"""Ad products of sellers and vendors; DSP advertisers have the DSP only."""


@dataclass(frozen=True, slots=True)
class MarketAccount:
    """One advertiser in one marketplace: a profile, or an advertiser of the DSP."""

    seed: int
    account_id: str
    kind: str = "seller"
    """`seller`, `vendor` or `dsp`."""
    marketplace_id: str = "ATVPDKIKX0DER"
    currency: str | None = None
    campaigns: int = 5
    """Campaigns with traffic per ad product and day (DSP: orders)."""
    combinations: int = 1
    """Combinations of ad, target and placement with traffic in each of them."""
    products: int = 5
    """Products that are advertised and sold."""

    @property
    def ad_products(self) -> tuple[str, ...]:
        """What the account can advertise with."""
        return (DSP,) if self.kind == "dsp" else SPONSORED

    @property
    def catalogue_kind(self) -> str:
        """Whose products are advertised: a seller's, or a vendor's."""
        return "vendor" if self.kind == "vendor" else "seller"

    @property
    def salt(self) -> str:
        """The word that everything about this account follows from."""
        return f"{self.seed}|{self.account_id}"
