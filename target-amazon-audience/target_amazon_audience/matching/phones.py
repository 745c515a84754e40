"""Phone numbers as Amazon hashes them: digits with country code, nothing else.

`phonenumbers` decides; what it would say about the everyday forms is worked out here
from its own tables, some ten times faster. Where that is not certain it is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    SUPPORTED_REGIONS,
    PhoneMetadata,
    PhoneNumberFormat,
    ValidationResult,
)

from target_amazon_audience.matching.values import as_digits

_SEPARATORS = b" ()-./"
_SHORTEST, _LONGEST = 6, 17
"""Digits of what the quick way reads."""
_NORTH_AMERICA = "1"
_NOBODYS = frozenset(digit * 9 for digit in "0123456789")
"""How numbers end that stand where a form wanted one."""
_NOBODYS_BYTES = frozenset(digits.encode() for digits in _NOBODYS)
_KINDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def phone(text: str, country: str | None) -> bytes:
    """Digits with country code; empty where no possible number is meant.

    Unsigned digits that begin with the country's own calling code, and are a valid
    number so, have it already; all others are read as dialled in that country.
    Without a country only forms with ``+`` are read. A number that a spreadsheet wrote
    with ``.0``, or with an exponent, is itself, unless digits are lost. Nine equal
    digits at the end are nobody's.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if "." in text:
        text = as_digits(text) or ""
    found = _quick(text, country) or _asked(text, country)
    return b"" if found[-9:] in _NOBODYS else found.encode()


def _asked(text: str, country: str | None) -> str:
    """Let `phonenumbers` read it."""
    text = as_digits(text.strip()) or ""
    region = country if country in SUPPORTED_REGIONS else None
    signed = text.lstrip().startswith("+")
    if region and not signed:
        digits = phonenumbers.normalize_digits_only(text)
        code = str(phonenumbers.country_code_for_region(region))
        if digits.startswith(code) and (found := _read(f"+{digits}", None, valid=True)):
            return found
    return _read(text, region, valid=False)


def _read(text: str, region: str | None, *, valid: bool) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if valid:
        is_good = phonenumbers.is_valid_number(number)
    else:
        reason = phonenumbers.is_possible_number_with_reason(number)
        is_good = reason == ValidationResult.IS_POSSIBLE  # not so if local only
    if not is_good:
        return ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).lstrip("+")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the tables say of one region, as far as the quick way needs it."""

    code: str
    lengths: frozenset[int]
    general: re.Pattern[str]
    international: re.Pattern[str] | None
    national: re.Pattern[str] | None
    is_simple: bool
    kinds: re.Pattern[str] | None


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


@cache
def _plan(region: str) -> _Plan | None:
    found = PhoneMetadata.metadata_for_region(region, None)
    if found is None or found.general_desc is None:
        return None
    prefix = found.national_prefix_for_parsing
    kinds = [getattr(found, kind) for kind in _KINDS]
    patterns = [k.national_number_pattern for k in kinds if k is not None]
    is_alone = len(_regions(str(found.country_code))) == 1
    return _Plan(
        code=str(found.country_code),
        lengths=frozenset(found.general_desc.possible_length),
        general=re.compile(found.general_desc.national_number_pattern or "(?!)"),
        international=_compiled(found.international_prefix),
        national=_compiled(prefix),
        is_simple=not found.national_prefix_transform_rule
        and "(" not in (prefix or ""),
        # Several regions under one code are told apart in ways left to the library.
        kinds=re.compile("|".join(f"(?:{p})" for p in patterns if p))
        if is_alone
        else None,
    )


def _regions(code: str) -> Sequence[str]:
    found: Sequence[str] = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    return found


@cache
def _main_plan(code: str) -> _Plan | None:
    regions = _regions(code)
    return _plan(regions[0]) if regions and regions[0] != "001" else None


@dataclass(frozen=True, slots=True)
class _Home:
    """How numbers are dialled in a country; ``main`` may be another's plan."""

    plan: _Plan
    main: _Plan
    lengths: frozenset[int]
    """Of numbers that both know."""
    prefix: re.Pattern[str]
    """Begins what is not simply a number: the international or national prefix."""


@cache
def _home(country: str | None) -> _Home | None:
    plan = _plan(country) if country in SUPPORTED_REGIONS else None
    if plan is None or (main := _main_plan(plan.code)) is None:
        return None
    prefixes = [p.pattern for p in (plan.international, plan.national) if p]
    prefix = "|".join(f"(?:{pattern})" for pattern in (*prefixes, "0"))
    return _Home(plan, main, plan.lengths & main.lengths, re.compile(prefix))


def written_column(joined: str, country: str | None) -> list[bytes]:
    """Return what `phone` says of each line where that is certain, else nothing."""
    plain = joined.encode("ascii", "replace").translate(None, _SEPARATORS).decode()
    if "." in joined:  # one of them may be a fraction's
        lines = zip(joined.split("\n"), plain.split("\n"), strict=True)
        found = ["" if text.count(".") == 1 else p for text, p in lines]
    else:
        found = plain.split("\n")
    home = _home(country)
    made = [_certain(p, home).encode() for p in found]
    return [b"" if digits[-9:] in _NOBODYS_BYTES else digits for digits in made]


def _quick(text: str, country: str | None) -> str:
    """Return the answer where it is certain, else an empty text."""
    plain = text.encode("ascii", "replace").translate(None, _SEPARATORS).decode()
    return _certain(plain, _home(country))


def _certain(plain: str, home: _Home | None) -> str:
    digits = plain[1:] if plain[:1] == "+" else plain
    if not (digits.isdigit() and _SHORTEST <= len(digits) <= _LONGEST):
        return ""
    if digits is not plain:
        return _signed(digits)
    if home is None:
        return ""
    if digits.startswith(home.plan.code):
        return _with_code(digits, home.main)
    if not home.prefix.match(digits):
        return home.plan.code + digits if len(digits) in home.lengths else ""
    return _without_prefix(digits, home)


def _without_prefix(digits: str, home: _Home) -> str:
    """Read digits that begin with the prefix dialled inside the country."""
    plan = home.plan
    if plan.international and plan.international.match(digits):
        return ""
    rest = digits
    if plan.national and (found := plan.national.match(digits)):
        rest = digits[found.end() :]
        if not (plan.is_simple and plan.general.fullmatch(rest)):
            return ""
    is_certain = rest[:1] != "0" and len(rest) in home.lengths
    return plan.code + rest if is_certain else ""


def _signed(digits: str) -> str:
    if digits[0] == "0":
        return ""
    for size in (1, 2, 3):
        plan = _main_plan(digits[:size])
        if plan is not None:
            return digits if _is_national(digits[size:], plan) else ""
    return ""


def _is_national(rest: str, plan: _Plan) -> bool:
    """Whether these digits are a possible number as they stand."""
    if rest[:1] == "0" or len(rest) not in plan.lengths:
        return False
    return plan.national is None or not plan.national.match(rest)


def _with_code(digits: str, plan: _Plan) -> str:
    rest = digits[len(plan.code) :]
    if not _is_national(rest, plan):
        return ""
    if plan.code == _NORTH_AMERICA:  # there both readings come to the same
        return digits if rest[0] not in "01" else ""
    is_valid = (
        plan.kinds is not None
        and plan.general.fullmatch(rest)
        and plan.kinds.fullmatch(rest)
    )
    return digits if is_valid else ""
