"""The text of a query: what is asked, as short as it can be, equal for equal wishes.

    query{domain{root(argument:value ...){field field{inner}}}}

No aliases, fragments or variables: how Data Kiosk treats them is not known, and an
alias would rename a field in the rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tap_amazon_sp.data_kiosk.schema import KioskSchema, Path, base_of

MAX_LENGTH = 8000
"""The most characters Amazon takes, needless white space not counted."""


def query_text(
    schema: KioskSchema,
    root: str,
    arguments: Mapping[str, object],
    paths: Iterable[Path],
) -> str:
    """Return the text for some fields of a root, in the schema's order.

    A value is text, a list or an object; enums go out bare, by their type.
    """
    row = schema.roots[root].row
    fields = _selection(schema, row, _tree(paths))
    types = schema.roots[root].arguments
    given = " ".join(
        f"{name}:{_value(schema, types[name], arguments[name])}"
        for name in sorted(arguments)
    )
    return f"query{{{schema.domain}{{{root}({given}){fields}}}}}"


def _tree(paths: Iterable[Path]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for name in path:
            node = node.setdefault(name, {})
    return tree


def _selection(schema: KioskSchema, type_text: str, tree: Mapping[str, Any]) -> str:
    if not tree:
        return ""
    known = schema.fields(type_text)
    text = "{"
    for name in known:
        if name in tree:
            is_next = text[-1] not in "{}"
            text += (" " if is_next else "") + name
            text += _selection(schema, known[name], tree[name])
    return text + "}"


def _value(schema: KioskSchema, type_text: str, value: object) -> str:
    name = base_of(type_text)
    if isinstance(value, (list, tuple)):
        inner = " ".join(_value(schema, name, entry) for entry in value)
        return f"[{inner}]"
    if isinstance(value, Mapping):
        types = schema.inputs[name]
        inner = " ".join(
            f"{key}:{_value(schema, types[key], value[key])}" for key in sorted(value)
        )
        return f"{{{inner}}}"
    if name in schema.enums:
        return str(value)
    return json.dumps(value, ensure_ascii=False)
