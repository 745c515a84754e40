"""Nested settings from environment variables, for ``--config=ENV``.

The SDK reads one variable per top-level setting and takes nested ones as JSON text.
Meltano's users write ``TARGET_S3_CLOUD_PROVIDER_AWS_AWS_BUCKET``; here the same name
works without Meltano, and wins over the JSON text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def completed(
    config: Mapping[str, Any],
    schema: Mapping[str, Any],
    environ: Mapping[str, str],
    prefix: str,
) -> dict[str, Any]:
    """Return ``config``, as the SDK read it, with what the SDK leaves undone."""
    result = dict(config)
    for name, definition in schema["properties"].items():
        variable = f"{prefix}{name.upper()}"
        if definition.get("properties"):
            nested = _nested(result.get(name), definition, environ, variable)
            if nested:
                result[name] = nested
    return result


def _nested(
    current: object,
    definition: Mapping[str, Any],
    environ: Mapping[str, str],
    variable: str,
) -> object:
    if current is not None and not isinstance(current, dict):
        return current  # wrong, and refused with a sentence when it is checked
    found: dict[str, Any] = dict(current or {})
    for name, child in definition["properties"].items():
        child_variable = f"{variable}_{name.upper()}"
        if child.get("properties"):
            deeper = _nested(found.get(name), child, environ, child_variable)
            if deeper:
                found[name] = deeper
        elif child_variable in environ:
            found[name] = environ[child_variable]
    return found
