"""The retry policy as a Markdown table: names, numbers and the text below each."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from singer_amazon import retry_policy


def retry_policy_table() -> str:
    """Return every number with its meaning, group by group."""
    lines = ["| number | value | meaning |", "|---|---|---|"]
    for name, meaning in meanings():
        value = getattr(retry_policy.POLICY, name)
        lines.append(f"| `{name}` | {value:g} | {meaning} |")
    return "\n".join(lines)


def meanings() -> Iterator[tuple[str, str]]:
    """Yield the fields of the policy, each with the text below it."""
    (policy,) = ast.parse(inspect.getsource(retry_policy.RetryPolicy)).body
    assert isinstance(policy, ast.ClassDef)  # noqa: S101 - its source
    fields = policy.body[1:]
    for field, text in zip(fields[::2], fields[1::2], strict=True):
        assert isinstance(field, ast.AnnAssign)  # noqa: S101 - a text without a number
        assert isinstance(field.target, ast.Name)  # noqa: S101
        assert isinstance(text, ast.Expr)  # noqa: S101 - a number without a text
        assert isinstance(text.value, ast.Constant)  # noqa: S101
        yield field.target.id, " ".join(str(text.value.value).split())
