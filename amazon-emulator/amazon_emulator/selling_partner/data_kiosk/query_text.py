"""Reads the text of a query, or refuses it in Amazon's words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
    parse,
    validate,
)
from graphql.utilities import strip_ignored_characters

from amazon_emulator.selling_partner.access.refusals import invalid
from amazon_emulator.selling_partner.data_kiosk.schemas import (
    DOMAINS,
    rights_of,
    schema_of,
)

MAX_CHARACTERS = 8000
INVALID = "The provided query is invalid."
NO_DOMAIN = "Query did not have a versioned domain field"
TWO_ROOTS = "Versioned domain cannot select multiple query fields"
NO_INTROSPECTION = "Introspection is not supported."
_DOMAIN = re.compile(r"analytics_\w+_\d{4}_\d{2}_\d{2}")
_UNKNOWN_ARGUMENT = re.compile(r"Unknown argument '(\w+)'")
_MISSING_FIELD = re.compile(r"to include required field '(\w+)'")
_MISSING_ARGUMENT = re.compile(r"\((\w+):\)' of type .* is required")
_UNKNOWN_FIELD = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")
Selection = Mapping[str, "Selection | None"]
"""Name of a field -> what is selected in it; None: the field has no inner ones."""


@dataclass(frozen=True, slots=True)
class QueryText:
    """A query that keeps to its schema."""

    text: str
    minified: str
    domain: str
    root: str
    arguments: Mapping[str, Any]
    selection: Selection
    rights: Mapping[str, frozenset[str]]
    """Path of a selected field -> the rights of which it needs one."""

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day asked for."""
        ends = (self.arguments["startDate"], self.arguments["endDate"])
        return date.fromisoformat(ends[0]), date.fromisoformat(ends[1])

    @property
    def marketplace_ids(self) -> list[str]:
        """The marketplaces asked for; none where the dataset takes none."""
        found: list[str] = []
        for name in ("marketplaceIds", "marketplaceId"):
            given = self.arguments.get(name) or ()
            found += [given] if isinstance(given, str) else given
        found += [each["marketplaceId"] for each in self.arguments.get("filters", ())]
        return list(dict.fromkeys(found))

    def paths(self) -> list[str]:
        """Return the selected leaves as `sales.unitsOrdered`."""
        return list(_paths(self.selection))


def read_query_text(text: str) -> QueryText:
    """Return what a text asks for; one that breaks a rule is refused (400)."""
    try:
        document = parse(text)
        minified = strip_ignored_characters(text)
    except GraphQLError as error:
        raise invalid(INVALID, error.message) from None
    if len(minified) > MAX_CHARACTERS:
        raise invalid(INVALID, f"The query is longer than {MAX_CHARACTERS} characters.")
    domain_node, root_node = _only_fields(document)
    domain = domain_node.name.value
    schema = schema_of(domain)
    errors = validate(schema, document)
    if errors:
        raise invalid(INVALID, "; ".join(_wording(error.message) for error in errors))
    root = _field(schema, domain_node, root_node)
    inner = get_named_type(root.type)
    rights: dict[str, frozenset[str]] = {}
    return QueryText(
        text,
        minified,
        domain,
        root_node.name.value,
        get_argument_values(root, root_node),
        _selection(root_node, inner, "", rights),
        rights,
    )


def _only_fields(document: DocumentNode) -> tuple[FieldNode, FieldNode]:
    """Return domain and root of a query that holds nothing but plain fields."""
    definitions = document.definitions
    operation = definitions[0]
    is_one = len(definitions) == 1 and isinstance(operation, OperationDefinitionNode)
    if not is_one or not isinstance(operation, OperationDefinitionNode):
        raise invalid(INVALID, "A query holds one operation and no fragments.")
    if operation.operation.value != "query" or operation.variable_definitions:
        raise invalid(INVALID, "Only queries without variables are supported.")
    _refuse_odd_nodes(operation)
    domains = _fields_of(operation.selection_set)
    names = [node.name.value for node in domains]
    if len(domains) != 1 or not _DOMAIN.fullmatch(names[0]):
        raise invalid(INVALID, NO_DOMAIN)
    if names[0] not in DOMAINS:
        raise invalid(INVALID, f"Query '{names[0]}' is not supported.")
    roots = _fields_of(domains[0].selection_set)
    if len(roots) > 1:
        raise invalid(INVALID, TWO_ROOTS)
    if not roots:
        raise invalid(INVALID, f"Query '{names[0]}' selects nothing.")
    return domains[0], roots[0]


def _refuse_odd_nodes(node: ExecutableDefinitionNode | FieldNode) -> None:
    """Refuse aliases, fragments, directives and introspection."""
    if node.directives:
        raise invalid(INVALID, "Directives are not supported.")
    for each in node.selection_set.selections if node.selection_set else ():
        if not isinstance(each, FieldNode):
            raise invalid(INVALID, "Fragments are not supported.")
        if each.alias is not None:
            raise invalid(INVALID, "Aliases are not supported.")
        is_top = isinstance(node, OperationDefinitionNode)
        if each.name.value.startswith("__") and not is_top:
            raise invalid(INVALID, NO_INTROSPECTION)
        _refuse_odd_nodes(each)


def _fields_of(selected: SelectionSetNode | None) -> list[FieldNode]:
    nodes = selected.selections if selected else ()
    return [node for node in nodes if isinstance(node, FieldNode)]


def _field(
    schema: GraphQLSchema, domain_node: FieldNode, root_node: FieldNode
) -> GraphQLField:
    query = schema.query_type
    assert query is not None  # noqa: S101 - our own file
    domain = get_named_type(query.fields[domain_node.name.value].type)
    assert isinstance(domain, GraphQLObjectType)  # noqa: S101
    found: GraphQLField = domain.fields[root_node.name.value]
    return found


def _selection(
    node: FieldNode, kind: object, path: str, rights: dict[str, frozenset[str]]
) -> Selection:
    assert isinstance(kind, GraphQLObjectType)  # noqa: S101 - validated before
    found: dict[str, Selection | None] = {}
    for each in _fields_of(node.selection_set):
        name = each.name.value
        field = kind.fields[name]
        inner_path = f"{path}.{name}" if path else name
        if rights_of(field):
            rights[inner_path] = rights_of(field)
        if each.selection_set is None:
            found[name] = None
            continue
        inner = _selection(each, get_named_type(field.type), inner_path, rights)
        found[name] = {**(found.get(name) or {}), **inner}
    return found


def _paths(selection: Selection) -> Iterator[str]:
    for name, inner in selection.items():
        if inner is None:
            yield name
        else:
            yield from (f"{name}.{path}" for path in _paths(inner))


def _wording(message: str) -> str:
    """Say what the validation found in the words seen in answers, where known."""
    found = _UNKNOWN_ARGUMENT.search(message)
    if found:
        return f"Unknown field argument {found[1]}"
    found = _MISSING_FIELD.search(message) or _MISSING_ARGUMENT.search(message)
    if found:
        return f"Missing required fields '[{found[1]}]'"
    found = _UNKNOWN_FIELD.search(message)
    if found:
        return (
            f"Validation error (FieldUndefined) : Field '{found[1]}' in type "
            f"'{found[2]}' is undefined"
        )
    return message
