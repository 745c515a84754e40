"""Names of settings and of their values, as people write them.

This target acts on people: a name that it does not know may have been meant to stop it,
so every one is refused. Names and labels of the export that many users come from are
known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from dotenv import dotenv_values, find_dotenv

from singer_amazon.config.names import did_you_mean, shown
from singer_amazon.tap.settings import coerced, complaints
from target_amazon_audience.settings_schema import AUDIENCE_SCHEMA, CHOICES

UNUSED = frozenset({"type", "td_authentication_id"})
"""Names in settings of that export which mean nothing here."""

_LABELS: Mapping[str, Mapping[str, str]] = {
    "target": {"AMC_DSP": "AMC_AND_DSP", "DSP_AMC": "AMC_AND_DSP"},
    "region": {"NORTH_AMERICA": "NA", "EUROPE": "EU", "FAR_EAST": "FE"},
    "action": {"CREATE_AUDIENCE": "CREATE", "UPDATE_AUDIENCE": "UPDATE"},
}
_FILLERS = re.compile(r"_(?:ONLY|NEW|EXISTING)(?=_|$)|_AND(?=_)")
_BETWEEN_WORDS = re.compile(r"[\s_&+/,-]+")


def labelled(name: str, value: str, allowed: Collection[str]) -> str:
    """Return the choice that a label stands for; any other text as it is."""
    text = value.strip()
    cased = text.upper() if next(iter(allowed)).isupper() else text.lower()
    if cased in allowed or not cased.isupper():
        return cased
    words = _BETWEEN_WORDS.sub("_", cased).strip("_")
    words = words if words in allowed else _FILLERS.sub("", words)
    return _LABELS.get(name, {}).get(words, words if words in allowed else cased)


def unknown_names(
    given: Iterable[object], known: Collection[str], where: str = ""
) -> Iterator[str]:
    """Yield a sentence for each name that is none of ours."""
    for name in given:
        if name not in known:
            yield f"Setting {where}{unknown(str(name), known)}"


def unknown(name: str, known: Collection[str]) -> str:
    """Say that a name is not known, and which one may have been meant."""
    return f"{shown(name)} is not known: {did_you_mean(name, known)}"


def unknown_variables(prefix: str, known: Iterable[str]) -> list[str]:
    """Return a sentence for each variable of the environment that names no setting."""
    variables = {f"{prefix}{name.upper()}" for name in known}
    outside = {**dotenv_values(find_dotenv(usecwd=True)), **os.environ}
    # with two underscores begin the names that Meltano sets for itself
    ours = re.compile(re.escape(prefix) + r"[^_]")
    return [
        f"Variable {unknown(name, variables)}"
        for name in sorted(outside)
        if ours.match(name) and name not in variables and outside[name]
    ]


def prepared(config: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with text read as what the schema wants, choices in case."""
    found = _cased(coerced(config, schema))
    streams = found.get("streams")
    if isinstance(streams, dict):
        found["streams"] = {
            name: _cased(coerced(entry, AUDIENCE_SCHEMA))
            if isinstance(entry, dict)
            else entry
            for name, entry in streams.items()
        }
    return found


def _cased(config: dict[str, Any]) -> dict[str, Any]:
    return {
        name: labelled(name, value, CHOICES[name])
        if isinstance(value, str) and name in CHOICES
        else value
        for name, value in config.items()
        if name not in UNUSED
    }


def complaints_of_names(
    config: Mapping[str, Any], known: Mapping[str, Any]
) -> list[str]:
    """Return a sentence for each name, here or in ``streams``, that is not ours."""
    found = [*unknown_names(config, known.keys() | UNUSED)]
    streams = config.get("streams")
    for stream, entry in streams.items() if isinstance(streams, dict) else ():
        for name in entry if isinstance(entry, dict) else ():
            if name in known and name not in AUDIENCE_SCHEMA["properties"]:
                found.append(
                    f"Setting streams.{stream}.{name} cannot differ from stream to "
                    "stream: write it once, beside streams"
                )
            else:
                names = AUDIENCE_SCHEMA["properties"].keys() | UNUSED
                found += unknown_names([name], names, f"streams.{stream}.")
    return found


def complaints_of_streams(config: Mapping[str, Any]) -> list[str]:
    """Return sentences on what is wrong in the entries of ``streams``."""
    streams = config.get("streams")
    if not isinstance(streams, dict):
        return []
    return [
        f"Setting streams.{name}: {sentence}"
        for name, entry in streams.items()
        if isinstance(entry, dict)
        for sentence in complaints(entry, AUDIENCE_SCHEMA)
    ]
