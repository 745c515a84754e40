"""The datasets: which fields, arguments and types each of them has.

The files are our own arrangement of Amazon's public schemas; one per domain.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from importlib.resources import files

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    StringValueNode,
    ValueNode,
    build_schema,
)

SALES_AND_TRAFFIC = "analytics_salesAndTraffic_2024_04_24"
ECONOMICS = "analytics_economics_2024_03_15"
VENDOR = "analytics_vendorAnalytics_2024_09_30"
SELLER = "analytics_sellerAnalytics_2025_03_31"
_FILES = {
    SALES_AND_TRAFFIC: "sales_and_traffic",
    ECONOMICS: "economics",
    VENDOR: "vendor",
    SELLER: "seller",
}
DOMAINS = tuple(_FILES)
_TWIN = re.compile(r"^( *)(\w+): (\w+)(!?) @b2b$", re.MULTILINE)
_BOTH = r"\1\2: \3\4\n\1\2B2B: \3"


@lru_cache
def schema_of(domain: str) -> GraphQLSchema:
    """Return the schema of a domain; one that is none raises KeyError."""
    text = _text("common") + _text(_FILES[domain])
    schema = build_schema(_TWIN.sub(_BOTH, text))
    dates = schema.type_map["Date"]
    assert isinstance(dates, GraphQLScalarType)  # noqa: S101 - our own file
    dates.parse_literal = _read_date  # type: ignore[assignment,method-assign] # the hook
    return schema


def rights_of(field: GraphQLField) -> frozenset[str]:
    """Return the rights of which a caller needs one; empty: it needs none."""
    node = field.ast_node
    for directive in () if node is None else node.directives or ():
        listed = directive.arguments[0].value if directive.arguments else None
        if directive.name.value == "rights" and isinstance(listed, ListValueNode):
            values = listed.values
            return frozenset(x.value for x in values if isinstance(x, StringValueNode))
    return frozenset()


def _text(name: str) -> str:
    folder = files(__package__)
    return folder.joinpath(f"{name}.graphql").read_text(encoding="utf-8")


def _read_date(node: ValueNode, _variables: object = None) -> str:
    """Take a quoted `YYYY-MM-DD` only; by default any literal would pass."""
    text = node.value if isinstance(node, StringValueNode) else ""
    try:
        is_date = date.fromisoformat(text).isoformat() == text
    except ValueError:
        is_date = False
    if not is_date:
        raise GraphQLError("A date must be a quoted YYYY-MM-DD.", node)
    return text
