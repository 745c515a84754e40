"""Checks a query of the user's own before it is sent: a refused one costs quota."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import graphql
from graphql.language import ast

from tap_amazon_sp.data_kiosk.queries.graphql_schema import graphql_schema
from tap_amazon_sp.data_kiosk.queries.query_text import MAX_LENGTH
from tap_amazon_sp.data_kiosk.schema import KioskSchema, load_schemas

_TODAY = re.compile(r"\{today(?:\s*([+-])\s*(\d{1,3}))?\}")
"""`{today}`, `{today+30}`, `{today-7}`: for what looks ahead, or is of one date."""
_LIST = "{marketplace_ids}"
_EXAMPLE = '["ATVPDKIKX0DER"]'


class QueryError(Exception):
    """A query that Amazon would not take; the text says where and why."""


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that fits Amazon's schema: what it asks of which root.

    `selection` are the fields of a line that are asked for, as a tree.
    """

    schema: KioskSchema
    root: str
    text: str
    selection: ast.SelectionSetNode

    def filled(
        self,
        start: str,
        end: str,
        marketplaces: Iterable[str],
        today: date | None = None,
    ) -> str:
        """Return the text that is sent, as short as it can be."""
        return filled(self.text, start, end, marketplaces, today)


def check_query(text: str) -> CheckedQuery:
    """Check a query whose placeholders stand still in it.

    Raises:
        QueryError: it would be refused; with line and column.
    """
    # the example is as long as the placeholder, so that columns stay right
    example = text.replace(_LIST, _EXAMPLE.ljust(len(_LIST)))
    try:
        document = graphql.parse(example)
    except graphql.GraphQLSyntaxError as error:
        raise QueryError(_located(error)) from None
    _check_form(document)
    domain = _only_field(document.definitions[0], "domain")
    schema = load_schemas().get(domain.name.value)
    if schema is None:
        known = ", ".join(load_schemas())
        raise _error(
            domain, f"there is no domain {domain.name.value!r}: one of {known}"
        )
    root = _only_field(domain, "query below the domain")
    _check_dates(document)
    found = graphql.validate(graphql_schema([schema]), document)
    if found:
        raise QueryError("; ".join(map(_located, found[:3])))
    short = graphql.strip_ignored_characters(example)
    if len(short) > MAX_LENGTH:
        msg = f"it has {len(short)} characters, Amazon takes {MAX_LENGTH}"
        raise QueryError(msg)
    assert root.selection_set is not None  # noqa: S101 - the schema demands fields
    return CheckedQuery(schema, root.name.value, text, root.selection_set)


def filled(
    text: str,
    start: str,
    end: str,
    marketplaces: Iterable[str],
    today: date | None = None,
) -> str:
    """Return the text that is sent, as short as it can be."""
    ids = list(marketplaces)
    quoted = " ".join(f'"{marketplace}"' for marketplace in ids)
    for name, value in (
        ("{start}", start),
        ("{end}", end),
        ("{marketplace_id}", ids[0] if ids else ""),
        (_LIST, f"[{quoted}]"),
    ):
        text = text.replace(name, value)
    if today is not None:
        text = _TODAY.sub(partial(_shifted, today), text)
    return graphql.strip_ignored_characters(text)


def _shifted(today: date, found: re.Match[str]) -> str:
    days = int(found[2] or 0)
    return str(today + timedelta(days=-days if found[1] == "-" else days))


def _check_dates(document: ast.DocumentNode) -> None:
    """Refuse dates that are none: the schema takes any literal for one."""
    graphql.visit(document, _Dates())


class _Dates(graphql.Visitor):
    def enter_argument(self, node: ast.ArgumentNode, *_: object) -> None:
        if node.name.value not in {"startDate", "endDate"}:
            return
        value = node.value
        text = value.value if isinstance(value, ast.StringValueNode) else None
        if text in {"{start}", "{end}"} or (text and _TODAY.fullmatch(text)):
            return
        try:
            date.fromisoformat(text or "")
        except ValueError:
            words = (
                f"{node.name.value} is {graphql.print_ast(value)}: write a date such "
                'as "2026-11-20", "{start}" or "{today}"'
            )
            raise _error(value, words) from None


def _check_form(document: ast.DocumentNode) -> None:
    """Refuse what Data Kiosk does not know, or may not."""
    if len(document.definitions) > 1:
        words = "only one operation is allowed, and no fragments"
        raise _error(document.definitions[1], words)
    operation = document.definitions[0]
    if not isinstance(operation, ast.OperationDefinitionNode):
        raise _error(operation, "it is no query")
    if operation.operation is not ast.OperationType.QUERY:
        raise _error(operation, "it is no query")
    if operation.variable_definitions:
        raise _error(
            operation, "Data Kiosk has no variables: write {start}, {end}, ..."
        )
    for node in _nodes(operation.selection_set):
        if isinstance(node, ast.FieldNode):
            if node.alias is not None:
                raise _error(node, "aliases rename fields of the rows: leave it out")
            if node.name.value.startswith("__"):
                raise _error(node, "Data Kiosk answers nothing about its schema")
            if node.directives:
                raise _error(node, "directives are not known to work: leave it out")
        else:
            raise _error(node, "fragments are not known to work: write the fields")


def _nodes(selection: ast.SelectionSetNode | None) -> Iterator[ast.SelectionNode]:
    for node in selection.selections if selection else ():
        yield node
        if isinstance(node, ast.FieldNode):
            yield from _nodes(node.selection_set)


def _only_field(node: ast.Node, what: str) -> ast.FieldNode:
    selection = getattr(node, "selection_set", None)
    fields = list(selection.selections) if selection else []
    if len(fields) != 1 or not isinstance(fields[0], ast.FieldNode):
        raise _error(node, f"exactly one {what} is allowed, it has {len(fields)}")
    return fields[0]


def _error(node: ast.Node, words: str) -> QueryError:
    location = node.loc.start_token if node.loc else None
    where = f"line {location.line}, column {location.column}: " if location else ""
    return QueryError(where + words)


def _located(error: graphql.GraphQLError) -> str:
    places = error.locations or []
    where = f"line {places[0].line}, column {places[0].column}: " if places else ""
    return where + error.message
