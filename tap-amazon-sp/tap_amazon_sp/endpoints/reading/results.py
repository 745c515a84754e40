"""What a step of a listing brings, as values: rows, bookmarks, what is unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tap_amazon_sp.endpoints.bookmarks import TableBookmark
from tap_amazon_sp.endpoints.pages.pagination import Record


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The records of a page, before the first of them is complete."""

    bookmark: TableBookmark
    records: Sequence[Record]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Complete records, to be written as rows of the bookmark's table."""

    bookmark: TableBookmark
    records: Sequence[Record]


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """A bookmark has moved on: everything before it has been handed out."""

    bookmark: TableBookmark


@dataclass(frozen=True, slots=True, eq=False)
class Unread:
    """Something could not be read: a path, or (empty) the rest of the listing."""

    bookmark: TableBookmark
    path: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Notice:
    """What people should know of, although nothing is lost."""

    bookmark: TableBookmark
    text: str


Result = Page | Rows | Moved | Unread | Notice
