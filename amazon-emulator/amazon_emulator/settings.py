"""Settings of the emulator: one frozen value, replaced as a whole when changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

REGIONS = ("NA", "EU", "FE")


class SettingsError(ValueError):
    """A setting that the emulator cannot take; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Span:
    """A number, or a range from which one number is drawn per report."""

    low: float = 0
    high: float = 0

    @classmethod
    def parse(cls, name: str, value: object) -> Span:
        """Read `3` or `[5, 20]`."""
        pair = value if isinstance(value, list | tuple) else (value, value)
        if len(pair) != 2 or not all(_is_number(part) for part in pair):  # noqa: PLR2004 - a pair
            message = f"{name} must be a number or [least, most], not {value!r}."
            raise SettingsError(message)
        low, high = pair
        if not 0 <= low <= high:
            message = f"{name} must have 0 <= least <= most, not {value!r}."
            raise SettingsError(message)
        return cls(low, high)

    def plain(self) -> float | list[float]:
        """Return what `parse` reads."""
        return self.low if self.low == self.high else [self.low, self.high]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the emulator behaves; every field can be changed while it runs."""

    seed: int = 1
    """Rows, report ids and drawn waiting times follow from it."""
    region: str = "NA"
    """NA, EU or FE: which profiles, links and scopes exist on this host."""
    rows_per_day: int = 5
    """Rows of one report per day and account (DSP: per advertiser)."""
    ready_after_seconds: Span = Span()
    """How long a report is generated."""
    ready_after_looks: Span = Span()
    """How many looks at a report are answered before it is ready."""
    delay_seconds: float = 0
    """How long every answer takes."""
    token_lifetime_seconds: float = 3600
    url_lifetime_seconds: float = 3600
    restate: int = 0
    """Another number gives other metrics for the same keys, as restatement does."""
    content_encoding: bool = False
    """Whether a document is served with `Content-Encoding: gzip`."""
    client_id: str = "amzn1.application-oa2-client.emulator"
    client_secret: str = "emulator-client-secret"  # noqa: S105 - documented, opens nothing
    refresh_token: str = "Atzr|emulator-refresh-token"  # noqa: S105 - documented, opens nothing

    def changed(self, changes: Mapping[str, object]) -> Settings:
        """Return these settings with some replaced; wrong ones raise SettingsError."""
        kinds = {item.name: type(getattr(self, item.name)) for item in fields(self)}
        parsed: dict[str, object] = {}
        for name, value in changes.items():
            if name not in kinds:
                known = ", ".join(sorted(kinds))
                message = f"There is no setting {name!r}. Known settings: {known}."
                raise SettingsError(message)
            parsed[name] = _parse(name, value, kinds[name])
        return replace(self, **parsed)  # type: ignore[arg-type] # checked by _parse

    def as_json(self) -> dict[str, object]:
        """Return the settings as plain JSON values."""
        spans = ("ready_after_seconds", "ready_after_looks")
        return asdict(self) | {name: getattr(self, name).plain() for name in spans}


def _parse(name: str, value: object, kind: type) -> object:
    if kind is Span:
        return Span.parse(name, value)
    if name == "region" and value not in REGIONS:
        message = f"region must be one of {', '.join(REGIONS)}, not {value!r}."
        raise SettingsError(message)
    if kind is bool or isinstance(value, bool):
        fits = kind is bool and isinstance(value, bool)
    elif kind is str:
        fits = isinstance(value, str)
    else:
        fits = _is_number(value) and (name in ("seed", "restate") or value >= 0)  # type: ignore[operator] # a number
        fits = fits and (isinstance(value, int) or name.endswith("_seconds"))
    if not fits:
        message = f"{name} cannot be {value!r}."
        raise SettingsError(message)
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
