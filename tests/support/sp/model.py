"""Judges exchanges by Amazon's OpenAPI files of the Selling Partner API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator, FormatChecker
from werkzeug.test import TestResponse

from support.core.material import spec


def operation(model: str, method: str, path: str) -> dict[str, Any]:
    """Return what a model says about a call; a concrete path finds its template."""
    asked = path.strip("/").split("/")
    for template, methods in spec(model)["paths"].items():
        parts = template.strip("/").split("/")
        if (
            method.lower() in methods
            and len(parts) == len(asked)
            and all(
                part.startswith("{") or part == word
                for part, word in zip(parts, asked, strict=True)
            )
        ):
            found: dict[str, Any] = methods[method.lower()]
            return found
    raise AssertionError(path)


def problems(model: str, schema: Mapping[str, Any], value: object) -> list[str]:
    """Return what a schema of a model finds wrong; unknown keys are wrong too."""
    whole = {**schema, "definitions": spec(model)["definitions"]}
    checker = Draft7Validator(closed(whole), format_checker=FormatChecker())
    return [
        f"{list(error.path)}: {error.message}" for error in checker.iter_errors(value)
    ]


def closed(schema: Any) -> Any:
    """Return a schema in which objects with properties have no others."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: closed(part) for key, part in schema.items()}
    if isinstance(found.get("properties"), dict) and "type" in found:
        found.setdefault("additionalProperties", False)
    return found


def check(model: str, response: TestResponse, status: int, sent: object = None) -> Any:
    """Validate one exchange: parameters, body, answer; return the answer's JSON."""
    assert response.status_code == status, response.text
    asked = response.request
    described = operation(model, asked.method, asked.path)
    by_name = {
        parameter["name"]: parameter
        for parameter in described.get("parameters", [])
        if "name" in parameter
    }
    if status < 400:
        check_query(model, by_name, asked.args.to_dict())
        if sent is not None:
            assert problems(model, by_name["body"]["schema"], sent) == []
    schema = described["responses"][str(status)].get("schema")
    if schema is None:
        assert response.data == b""
        return None
    value = response.get_json()
    assert problems(model, schema, value) == []
    return value


def check_query(
    model: str, known: Mapping[str, dict[str, Any]], given: Mapping[str, str]
) -> None:
    for name, text in given.items():
        parameter = known[name]
        assert parameter["in"] == "query"
        value: object = text
        if parameter["type"] == "array":
            value = text.split(",")
        elif parameter["type"] == "integer":
            value = int(text)
        elif parameter["type"] == "boolean":
            value = text == "true"
        known_keys = {"type", "items"} & set(parameter)
        schema: dict[str, Any] = {key: parameter[key] for key in known_keys}
        assert problems(model, schema, value) == [], name
    required = {name for name, entry in known.items() if entry.get("required")}
    assert {name for name in required if known[name]["in"] == "query"} <= set(given)
