"""The marketplaces of all regions, with what documents and orders need of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One Amazon shop."""

    marketplace_id: str
    country: str
    region: str
    currency: str
    language: str
    domain: str
    timezone: str
    charset: str
    """How flat files are encoded here, in the words of the Content-Type header."""

    @property
    def name(self) -> str:
        """The sales channel: `Amazon.de`."""
        return self.domain.replace("www.a", "A")

    @property
    def decimal_mark(self) -> str:
        """What stands before the cents in a settlement report."""
        return "," if self.language[:2] in ("de", "fr", "it", "es") else "."


_ROWS = """
ATVPDKIKX0DER  US NA USD en_US www.amazon.com     America/Los_Angeles UTF-8
A2EUQ1WTGCTBG2 CA NA CAD en_CA www.amazon.ca      America/Los_Angeles UTF-8
A1AM78C64UM0Y8 MX NA MXN es_MX www.amazon.com.mx  America/Los_Angeles UTF-8
A2Q3Y263D00KWC BR NA BRL pt_BR www.amazon.com.br  America/Sao_Paulo   UTF-8
A1F83G8C2ARO7P GB EU GBP en_GB www.amazon.co.uk   Europe/London       Cp1252
A1PA6795UKMFR9 DE EU EUR de_DE www.amazon.de      Europe/Berlin       Cp1252
A13V1IB3VIYZZH FR EU EUR fr_FR www.amazon.fr      Europe/Paris        Cp1252
APJ6JRA9NG5V4  IT EU EUR it_IT www.amazon.it      Europe/Rome         Cp1252
A1RKKUPIHCS9HS ES EU EUR es_ES www.amazon.es      Europe/Madrid       Cp1252
A21TJRUUN4KGV  IN EU INR en_IN www.amazon.in      Asia/Kolkata        UTF-8
A1805IZSGTT6HS NL EU EUR nl_NL www.amazon.nl      Europe/Amsterdam    ISO-8859-1
A2NODRKZP88ZB9 SE EU SEK sv_SE www.amazon.se      Europe/Stockholm    Cp1252
A1C3SOZRARQ6R3 PL EU PLN pl_PL www.amazon.pl      Europe/Warsaw       UTF-8
AMEN7PMS3EDWL  BE EU EUR fr_BE www.amazon.com.be  Europe/Brussels     Cp1252
A28R8C7NBKEWEA IE EU EUR en_IE www.amazon.ie      Europe/Dublin       Cp1252
A33AVAJ2PDY3EV TR EU TRY tr_TR www.amazon.com.tr  Europe/Istanbul     UTF-8
A17E79C6D8DWNP SA EU SAR ar_AE www.amazon.sa      Asia/Riyadh         UTF-8
A2VIGQ35RCS4UG AE EU AED en_AE www.amazon.ae      Asia/Dubai          UTF-8
ARBP9OOSHTCHU  EG EU EGP ar_AE www.amazon.eg      Africa/Cairo        UTF-8
AE08WJ6YKNBMC  ZA EU ZAR en_ZA www.amazon.co.za   Africa/Johannesburg UTF-8
A1VC38T7YXB528 JP FE JPY ja_JP www.amazon.co.jp   Asia/Tokyo          windows-31j
A39IBJ37TRP1C6 AU FE AUD en_AU www.amazon.com.au  Australia/Sydney    UTF-8
A19VAU5U5O7RUS SG FE SGD en_SG www.amazon.sg      Asia/Singapore      UTF-8
A2027NEWSHOPNA XA NA USD en_US www.amazon.example America/New_York    UTF-8
A2027NEWSHOPEU XE EU EUR en_GB www.amazon.example Europe/Dublin       UTF-8
"""

# The last two do not exist: they are newer than any list a client may have.
MARKETPLACES: Mapping[str, Marketplace] = {
    row.split()[0]: Marketplace(*row.split()) for row in _ROWS.strip().splitlines()
}
"""Marketplace id -> marketplace."""
