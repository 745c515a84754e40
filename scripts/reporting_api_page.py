"""The tables of docs/reporting-api-v1.md, from the mapping of tap-amazon-ads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_amazon_ads.unified.mapping import mapping_of, reason_unserved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_amazon_ads.catalogue import Catalogue, ReportType
    from tap_amazon_ads.unified.mapping import StreamMapping

WORDS = {
    "none": "no field",
    "blocked": "not at this grain",
    "splits": "would split rows",
    "window": "no such window",
}
MOST_NAMED = 12


def streams_table(catalogue: Catalogue) -> str:
    """Return each stream with its dimensions and what it lacks."""
    lines = ["| stream | a row is one of | columns | without a value |"]
    lines.append("|---|---|---|---|")
    for entry in _asked_for(catalogue):
        reason = reason_unserved(entry.stream)
        if reason:
            lines.append(f"| `{entry.stream}` | read by v3 | | {reason} |")
            continue
        names = [column.name for column in entry.columns]
        mapping = mapping_of(entry.stream, names)
        if mapping is None:
            continue
        filled = sum(bool(mapping.source(name)) for name in names)
        dimensions = ", ".join(f"`{name}`" for name in mapping.dimensions)
        lines.append(
            f"| `{entry.stream}` | {dimensions} | {filled} of {len(names)} | "
            f"{_absent(mapping)} |"
        )
    return "\n".join(lines)


def _absent(mapping: StreamMapping) -> str:
    parts = [
        f"{name} from `{source}`" for name, source in sorted(mapping.stand_ins.items())
    ]
    for reason, words in WORDS.items():
        names = sorted(n for n, why in mapping.absent.items() if why == reason)
        if reason == "window" and names:
            parts.append(f"{words}: columns ending in 1d or 30d")
        elif names:
            shown = ", ".join(names[:MOST_NAMED])
            more = len(names) - MOST_NAMED
            parts.append(f"{words}: {shown}{f' and {more} more' if more > 0 else ''}")
    return "; ".join(parts)


def columns_table(catalogue: Catalogue, *, is_dsp: bool) -> str:
    """Return each column with its field of v1, or none."""
    found: dict[str, tuple[str, str]] = {}
    for entry in _asked_for(catalogue):
        mapping = mapping_of(entry.stream, [c.name for c in entry.columns])
        if entry.is_dsp is not is_dsp or mapping is None:
            continue
        for column in entry.columns:
            source = mapping.source(column.name)
            known = found.get(column.name, ("", ""))
            if source and known[1] not in {"official", "inferred"}:
                found[column.name] = (source, mapping.confidence[column.name])
            else:
                found.setdefault(column.name, known)
    lines = ["| column | field of v1 | how sure |", "|---|---|---|"]
    for name, (source, sure) in sorted(found.items(), key=lambda i: i[0].lower()):
        lines.append(f"| `{name}` | {f'`{source}`' if source else 'none'} | {sure} |")
    return "\n".join(lines)


def _asked_for(catalogue: Catalogue) -> Iterable[ReportType]:
    return (entry for entry in catalogue.report_types if entry.seed_name)
