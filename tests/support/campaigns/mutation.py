"""Valid inputs made a little wrong, the same way for the same source of chance."""

from __future__ import annotations

import copy
import gzip
import json
import random
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from typing import Any

SNIPPETS = (
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"'", b"<", b">", b"&", b";"),
    *(b"\n", b"\r", b"\r\n", b"\t", b"\x00", b"\x1b", b"\xff", b"\xc3", b"\xe2\x80"),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", "\u2028\x85".encode()),
    *(b"\\ud83d", b"\\ud83d\\ude00", b"\\u0000", b"\\x", b"null", b"NaN", b"-Infinity"),
    *(b"1e400", b"1e99999999", b"1E-4000", b"-0", b"01", b"9" * 60, b"0." + b"3" * 60),
    *(b"},{", b"}{", b"]]", b'"},{"', b"true", b'{"a":', b"<!DOCTYPE a>", b"<!--"),
    *(
        b"<![CDATA[",
        b"]]>",
        b"&amp;",
        b"&x;",
        b"</a>",
        b"<a b='1' b='2'>",
        b'""',
        b"\x1f\x8b",
    ),
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        2**53 + 1,
        2**64,
        -(2**80),
        10**400,
        1.5,
        1e308,
        5e-324,
    ),
    *("", " ", "N/A", "null", "NaN", "12.5%", "\x00", "\ud83d", "😀", "a\rb", "a\tb\n"),
    *("2026-02-30", "9999-12-31", "0001-01-01T00:00:00+23:59", "2026-11-18T00:00:00Z"),
    *("-", "../../x", "%s%d{}", "x" * 3000, [], {}, [[]], [None], {"": None}, [{}]),
    *({"a": {"b": [1, {"c": None}]}}, ["a", 1], "١٢٣", "1e5", "0x10", "1_000"),
)
"""Values that stand where others are expected."""
_Bytes = Callable[[random.Random, bytes], bytes]


def _nested(chance: random.Random) -> bytes:
    depth = chance.choice((10, 120, 1100, 5000, 40_000))
    return chance.choice((b"[", b'{"a":', b"<a>")) * depth


def _flip(chance: random.Random, data: bytes) -> bytes:
    index = chance.randrange(len(data))
    return (
        data[:index]
        + bytes([data[index] ^ (1 << chance.randrange(8))])
        + data[index + 1 :]
    )


def _cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def _drop(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 9) :]


def _repeat(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    end = start + chance.randint(1, 60)
    return data[:end] + data[start:]


def _insert(chance: random.Random, data: bytes) -> bytes:
    index = chance.randrange(len(data) + 1)
    return data[:index] + chance.choice(SNIPPETS) + data[index:]


def _replace(chance: random.Random, data: bytes) -> bytes:
    start = chance.randrange(len(data))
    return (
        data[:start] + chance.choice(SNIPPETS) + data[start + chance.randint(1, 12) :]
    )


def _nest(chance: random.Random, data: bytes) -> bytes:
    index = chance.randrange(len(data) + 1)
    return data[:index] + _nested(chance) + data[index:]


_MUTATIONS: tuple[_Bytes, ...] = (_flip, _cut, _drop, _repeat, _insert, _replace)


def mutated_bytes(chance: random.Random, data: bytes) -> bytes:
    """Change a few places of a text; now and then none."""
    for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 3))):
        if data:
            data = chance.choice(_MUTATIONS)(chance, data)
    return _nest(chance, data) if chance.random() < 0.02 else data


def mutated_gzip(chance: random.Random, data: bytes) -> bytes:
    """Pack a text, sometimes in two parts, and sometimes damage the package."""
    if chance.random() < 0.3:
        return data
    half = chance.randrange(len(data) + 1) if chance.random() < 0.2 else 0
    packed = gzip.compress(data[half:], 1, mtime=0)
    if half:
        packed = gzip.compress(data[:half], 1, mtime=0) + packed
    if chance.random() < 0.2:
        packed = chance.choice(_MUTATIONS)(chance, packed)
    return packed


def _containers(
    value: Any,
) -> Iterator[MutableMapping[str, Any] | MutableSequence[Any]]:
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def mutated_value(chance: random.Random, value: Any) -> Any:
    """Return a JSON value with a few members that are wrong, missing or new."""
    changed = copy.deepcopy(value)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        places = list(_containers(changed))
        if not places or chance.random() < 0.02:
            return chance.choice(VALUES)
        _change(chance, chance.choice(places))
    return changed


def _change(chance: random.Random, place: Any) -> None:
    is_object = isinstance(place, dict)
    key = chance.choice(list(place)) if is_object else chance.randrange(len(place))
    kind = chance.random()
    if kind < 0.6:
        place[key] = copy.deepcopy(chance.choice(VALUES))
    elif kind < 0.75:
        del place[key]
    elif kind < 0.85 and is_object:
        place[f"{key}{chance.choice(('', '_', 's', ' '))}x"] = place[key]
    elif is_object:
        place[key] = [place[key]]
    else:
        place.append(copy.deepcopy(place[key]))


def json_text(chance: random.Random, value: object) -> bytes:
    """Write JSON in one of its styles; sometimes with a key that comes twice."""
    style: dict[str, Any] = chance.choice(
        ({}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False})
    )
    text = json.dumps(value, **style)
    if chance.random() < 0.05:
        text = text.replace("{", '{"twice":1,"twice":2,', 1)
    return text.encode("utf-8", "surrogatepass")
