"""Reads the answers of v1 reporting: per-entry errors, refused fields, report parts.

A refusal comes as HTTP 400 with a message, or as HTTP 207 with `error` filled: both
look alike here. Source: Amazon's OpenAPI file of 2026-07; the numbers in the messages
from its guide and from users' notes of 2026.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from singer_amazon.http.transport import Response

_INCOMPATIBLE = re.compile(
    r"400004:? *fields? (?P<field>[\w.]+) cannot be used along with fields?:? *"
    r"(?P<others>[\w., ]+)",
    re.IGNORECASE,
)
_NEEDS = re.compile(
    r"400006:? *fields? (?P<field>[\w.]+) cannot be used without also including "
    r"fields?:? *(?P<others>[\w., ]+)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(r"\b4000(?:05|13)\b(?P<rest>.*)", re.DOTALL)
"""Fields that v1 does not have, or that have no form it knows."""
_FIELD = re.compile(r"\b[A-Za-z0-9]+\.[A-Za-z0-9]+\b")


@dataclass(frozen=True, slots=True)
class Answer:
    """One entry of an answer: the report, or Amazon's words against it."""

    report: Mapping[str, object] | None
    code: str
    messages: tuple[str, ...]
    status: int

    @property
    def message(self) -> str:
        """All that Amazon says against it."""
        return "; ".join(self.messages)


@dataclass(frozen=True, slots=True)
class Repair:
    """What to leave out of a query, and what to add, so that Amazon takes it."""

    dropped: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.dropped or self.added)


def read_answer(response: Response) -> Answer:
    """Return the one entry of an answer, whatever its status."""
    body = response.json_object()
    for entry in _objects(body.get("success")):
        report = entry.get("report")
        if isinstance(report, dict):
            return Answer(report, "", (), response.status)
    errors = [
        error
        for entry in _objects(body.get("error"))
        for error in _objects(entry.get("errors"))
    ]
    if errors:
        code = str(errors[0].get("code") or "")
        words = (str(error.get("message") or error.get("code")) for error in errors)
        return Answer(None, code, tuple(words), response.status)
    code, text = str(body.get("code") or ""), body.get("message")
    message = text if isinstance(text, str) and text else response.message()
    return Answer(None, code, (message,), response.status)


def is_throttled(answer: Answer) -> bool:
    """Whether Amazon merely wants to be asked later."""
    return answer.status == HTTPStatus.TOO_MANY_REQUESTS or (
        answer.report is None
        and answer.code in {"TOO_MANY_REQUESTS", "THROTTLED", "RATE_LIMIT_EXCEEDED"}
    )


def is_unknown_report(answer: Answer) -> bool:
    """Whether Amazon knows no report of that id."""
    return answer.status == HTTPStatus.NOT_FOUND or (
        answer.report is None
        and answer.code in {"NOT_FOUND", "RESOURCE_NOT_FOUND", "REPORT_NOT_FOUND"}
    )


def repair_of(
    messages: Iterable[str], asked: Iterable[str], needed: frozenset[str]
) -> Repair:
    """Return how a query has to change for what Amazon says against its fields.

    What is `needed`, because it identifies rows, is never left out: then there may be
    no way, and the refusal stands.
    """
    fields = set(asked)
    dropped: set[str] = set()
    added: set[str] = set()
    for message in messages:
        for first, others in _pairs(_INCOMPATIBLE, message):
            one = {first} & fields
            dropped |= one if not one <= needed else others & fields
        for first, others in _pairs(_NEEDS, message):
            if first in needed:
                added |= others - fields
            else:
                dropped |= {first} & fields
        for match in _UNKNOWN.finditer(message):
            dropped |= set(_FIELD.findall(match["rest"])) & fields
    return Repair(frozenset(dropped - needed), frozenset(added))


def _pairs(
    pattern: re.Pattern[str], message: str
) -> Iterator[tuple[str, frozenset[str]]]:
    for match in pattern.finditer(message):
        yield match["field"].rstrip("."), frozenset(_FIELD.findall(match["others"]))


def part_urls(report: Mapping[str, object]) -> tuple[str, ...] | None:
    """Return the address of each part; None where one is missing, or the list is.

    An empty list is a report without a document.
    """
    parts = report.get("completedReportParts")
    if not isinstance(parts, list):
        return None
    urls = [part.get("url") if isinstance(part, dict) else None for part in parts]
    if all(isinstance(url, str) and url for url in urls):
        return tuple(map(str, urls))
    return None


def size_of(report: Mapping[str, object]) -> int | None:
    """Return the bytes of all parts, where Amazon says them."""
    sizes = [p.get("sizeInBytes") for p in _objects(report.get("completedReportParts"))]
    known = [size for size in sizes if isinstance(size, int)]
    return sum(known) if known and len(known) == len(sizes) else None


def _objects(value: object) -> list[Mapping[str, object]]:
    found = value if isinstance(value, list) else []
    return [item for item in found if isinstance(item, dict)]


@dataclass(slots=True)
class RefusedFields:
    """The fields Amazon refuses in this run, by account and stream.

    Workers add to it while streams read.
    """

    _found: dict[tuple[str, str], Repair] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, account: str, stream: str, repair: Repair) -> None:
        """Note what a query has to change."""
        with self._lock:
            known = self._found.get((account, stream), Repair())
            self._found[account, stream] = Repair(
                known.dropped | repair.dropped, known.added | repair.added
            )

    def mended(self, account: str, stream: str, fields: Iterable[str]) -> set[str]:
        """Return the fields that may be asked for, and those needed besides."""
        with self._lock:
            found = self._found.get((account, stream), Repair())
        return (set(fields) | found.added) - found.dropped

    def of(self, account: str, stream: str) -> frozenset[str]:
        """Return the fields this account cannot have in this stream."""
        with self._lock:
            return self._found.get((account, stream), Repair()).dropped
