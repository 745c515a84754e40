"""The parts of the page that are plain HTML: they are there without scripts, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from html import escape

from singer_amazon.durations import in_words
from singer_amazon.report_log.entry import LoggedReport
from singer_amazon.run_report.facts import NOT_OFFERED, ProblemGroup, RunFacts
from singer_amazon.run_report.page_data import account_words
from singer_amazon.run_report.totals import DONE, LOST, Totals

_SHOWN = 5
"""Accounts, streams and windows named before the rest is folded."""
_GROUPS_SHOWN = 25
_KILO, _SHORT = 1000, 10
_NONE = "\N{EN DASH}"


def result_words(facts: RunFacts, whole: Totals) -> str:
    """Return the run's result in a sentence."""
    waiting = whole.outcomes["waiting"]
    if facts.result == "failed":
        return f"The run broke off before its end. {facts.broke_off}".strip()
    if facts.result == "partly":
        return (
            "Something was refused or failed, as listed below. All else was delivered."
        )
    if facts.result == "waiting":
        return (
            f"Time was up. {count(waiting, 'report')} wait for the next run, which "
            "goes on where this one ended."
        )
    return "Everything that was due has been delivered."


def header(facts: RunFacts, whole: Totals) -> str:
    """Return the run's name, its result and its times."""
    length = duration((facts.ended - facts.started).total_seconds())
    return (
        f"<h1>{escape(facts.program)} <small>run of {_day(facts.started)}</small></h1>"
        f'<p class="result" data-result="{escape(facts.result)}">'
        f"<strong>{escape(facts.result)}</strong> "
        f"<span>{escape(result_words(facts, whole))}</span></p>"
        f'<p class="quiet">{_clock(facts.started)} to {_clock(facts.ended)} UTC, '
        f"{length} · version {escape(facts.version)} · run {escape(facts.run_id)}</p>"
    )


def tiles(whole: Totals) -> str:
    """Return the numbers that matter most."""
    done, lost = whole.count(DONE), whole.count(LOST)
    others = whole.outcomes[NOT_OFFERED]
    elsewhere = f"{others:,} not offered" if others else ""
    waits = whole.outcomes["waiting"]
    found = [
        ("Reports delivered", f"{done:,} of {whole.reports:,}", "", ""),
        ("Rows", f"{whole.rows:,}", "", ""),
        ("Downloaded", size(whole.bytes), "", ""),
        ("Calls", f"{whole.calls:,}", f"{whole.throttled:,} throttled", ""),
        ("Asked again", f"{whole.repeats:,}", "", ""),
        ("Waiting", f"{waits:,}", "for the next run", "wait" if waits else ""),
        ("Refused or failed", f"{lost:,}", elsewhere, "bad" if lost else ""),
    ]
    items = (
        f'<div data-kind="{kind}"><dt>{name}</dt><dd>{value}'
        + (f" <small>{more}</small>" if more else "")
        + "</dd></div>"
        for name, value, more, kind in found
    )
    return f'<dl class="tiles">{"".join(items)}</dl>'


def problems(groups: Sequence[ProblemGroup], accounts: Mapping[str, str]) -> str:
    """Return what was refused, failed or given up, with reasons and next steps."""
    failures = [group for group in groups if group.is_failure]
    notices = [group for group in groups if not group.is_failure]
    parts = []
    if failures:
        found = _problem_table(failures, accounts)
        parts.append(f"<section><h2>What went wrong</h2>{found}</section>")
    if notices:
        parts.append(
            f"<section><details><summary><h2>Good to know ({len(notices):,})</h2>"
            f"</summary>{_problem_table(notices, accounts)}</details></section>"
        )
    return "".join(parts)


def _problem_table(groups: Sequence[ProblemGroup], accounts: Mapping[str, str]) -> str:
    names = ("Why", "What to do", "Where")
    rows = [
        (escape(group.reason), escape(group.next_step), _where(group.where, accounts))
        for group in groups
    ]
    shown = table(names, rows[:_GROUPS_SHOWN], "problems")
    if len(rows) <= _GROUPS_SHOWN:
        return shown
    rest = table(names, rows[_GROUPS_SHOWN:], "problems")
    more = f"<summary>{len(rows) - _GROUPS_SHOWN:,} more reasons</summary>"
    return f"{shown}<details>{more}{rest}</details>"


def _where(
    where: Mapping[str, Sequence[tuple[str, str]]], accounts: Mapping[str, str]
) -> str:
    """Return accounts with their streams and windows, folded where there are many."""
    lines = [
        f"<div>{_button(account, accounts.get(account, account))}"
        f"{_streams_of(found)}</div>"
        for account, found in where.items()
    ]
    return _folded(lines, "account")


def _streams_of(found: Sequence[tuple[str, str]]) -> str:
    by_stream: dict[str, list[str]] = {}
    for stream, window in found:
        by_stream.setdefault(stream, []).append(window)
    lines = [
        f"<div>{escape(stream)} <small>{escape(_windows(windows))}</small></div>"
        for stream, windows in by_stream.items()
        if stream or any(windows)
    ]
    return _folded(lines, "stream")


def _windows(windows: Sequence[str]) -> str:
    if len(windows) <= _SHOWN:
        return ", ".join(filter(None, windows))
    return f"{len(windows):,} windows, {min(windows)} to {max(windows)}"


def _folded(lines: Sequence[str], noun: str) -> str:
    """Return the first lines, and the others behind a summary."""
    shown = "".join(lines[:_SHOWN])
    if len(lines) <= _SHOWN:
        return shown
    rest = "".join(lines[_SHOWN:])
    more = f"<summary>{count(len(lines) - _SHOWN, f'more {noun}')}</summary>"
    return f"{shown}<details>{more}{rest}</details>"


def _button(account: str, key: str) -> str:
    """Return an account that the script makes a search for its key of."""
    return f'<span class="filter" data-text="{escape(key)}">{escape(account)}</span>'


def waiting(entries: Iterable[LoggedReport]) -> str:
    """Return what the next run takes up, account by account."""
    asked: Counter[str] = Counter()
    unasked: Counter[str] = Counter()
    oldest: dict[str, datetime] = {}
    for entry in entries:
        if entry.outcome != "waiting":
            continue
        account = account_words(entry)
        (asked if entry.report_id else unasked)[account] += 1
        if entry.requested_at:
            first = oldest.setdefault(account, entry.requested_at)
            oldest[account] = min(first, entry.requested_at)
    accounts = sorted(asked.keys() | unasked.keys())
    if not accounts:
        return ""
    rows = (
        (
            _button(account, account),
            f"{asked[account]:,}",
            _moment(oldest.get(account)),
            f"{unasked[account]:,}",
        )
        for account in accounts
    )
    names = ("Account", "At Amazon", "The oldest since (UTC)", "Not asked for yet")
    is_open = " open" if len(accounts) <= _SHOWN else ""
    total = asked.total() + unasked.total()
    return (
        f"<section><details{is_open}><summary><h2>Waiting for the next run "
        f"({total:,})</h2></summary>"
        "<p>The ids of reports at Amazon are in the state: the next run takes them up "
        "and asks for the others.</p>"
        f"{table(names, rows, '', numbers={1, 3})}</details></section>"
    )


def streams(found: Mapping[str, Totals]) -> str:
    """Return one line per stream."""
    names = (
        *("Stream", "Reports", "Delivered", "Empty", "Waiting", "Refused or failed"),
        *("Rows", "Downloaded", "Calls", "Throttled", "Asked again"),
        *("Median time at Amazon", "Longest time"),
    )
    rows = (
        (
            escape(name),
            f"{t.reports:,}",
            *map(_or_dash, (t.outcomes["delivered"], t.outcomes["empty"])),
            *map(_or_dash, (t.outcomes["waiting"], t.count(LOST))),
            f"{t.rows:,}",
            size(t.bytes),
            f"{t.calls:,}",
            *map(_or_dash, (t.throttled, t.repeats)),
            duration(t.median_at_amazon),
            duration(t.longest_at_amazon),
        )
        for name, t in found.items()
    )
    if not found:
        return ""
    return (
        "<section><h2>Streams</h2>"
        f"{table(names, rows, '', numbers=set(range(1, len(names))))}</section>"
    )


def settings(found: Mapping[str, str]) -> str:
    """Return the settings of the run."""
    if not found:
        return ""
    rows = ((escape(name), escape(value)) for name, value in found.items())
    return (
        "<section><details><summary><h2>Settings</h2></summary>"
        "<p>Secrets are left out, and settings nobody has set.</p>"
        f"{table(('Setting', 'Value'), rows, 'settings')}</details></section>"
    )


def table(
    names: Sequence[str],
    rows: Iterable[Sequence[str]],
    kind: str,
    numbers: Collection[int] = (),
) -> str:
    """Return a table of cells that are HTML already; some columns are numbers."""
    sort = [' class="number"' if i in numbers else "" for i in range(len(names))]
    head = "".join(
        f'<th scope="col"{c}>{name}</th>' for c, name in zip(sort, names, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td{c} data-name="{name}">{cell}</td>'
            for c, name, cell in zip(sort, names, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table class="{kind}"><thead><tr>{head}'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


# --- numbers and times as people read them -------------------------------------


def count(number: int, noun: str) -> str:
    """Return a number and its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: float) -> str:
    """Return bytes in the unit that fits."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if number < _KILO:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= _KILO
    return f"{number:.1f} TB"


def duration(seconds: float | None) -> str:
    """Return a span of time; a dash where there is none."""
    if seconds is None:
        return _NONE
    # below, tenths matter
    return f"{seconds:.1f} s" if seconds < _SHORT else in_words(seconds)


def _or_dash(number: int) -> str:
    return f"{number:,}" if number else _NONE


def _day(at: datetime) -> str:
    return at.astimezone(timezone.utc).date().isoformat()


def _clock(at: datetime) -> str:
    return f"{at.astimezone(timezone.utc):%H:%M:%S}"


def _moment(at: datetime | None) -> str:
    return _NONE if at is None else f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M}"
