"""Mends a line that is almost JSON: the bad value goes, all else keeps its bytes.

Taps write ``NaN`` (Python's own json does), half an emoji, bytes of Latin-1, or a value
that is nested deeper than any parser reads. Such a value becomes null; the digits of
the numbers beside it stay as they are. A text may also keep its good characters. What
only lacks an escape (a NUL or a tab inside a text) loses nothing and is no repair.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

import msgspec

MAX_DEPTH = 500
# Python refuses to read more digits than this into one number.
_MAX_DIGITS = 4300
_REPLACEMENT = "\ufffd"

_TOKEN = re.compile(
    rb'(?:[ \t\r\n\x00]|\xef\xbb\xbf)*(?:("[^"\\]*(?:\\.[^"\\]*)*")'
    rb'|([\[\]{},:])|([^\s\x00,:\[\]{}"]+)|$)',
    re.DOTALL,
)
_TEXT, _WORD = 1, 3  # groups of _TOKEN
_NAMED_LEVELS = 2  # the message and its record
_PLAIN_TEXT = re.compile(rb'"[ !#-\[\]-~]*"')
_NUMBER = re.compile(rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ESCAPE_OR_CONTROL = re.compile(
    r"[\x00-\x1f]"
    r"|\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|u[0-9a-fA-F]{4}|.?)",
    re.DOTALL,
)
_GOOD_ESCAPE = re.compile(
    r'\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|u.{4}\\u.{4})'
)
_LITERALS = (b"true", b"false", b"null")
_CLOSING = {b"{": b"}", b"[": b"]"}

_NOT_JSON = "a value that JSON does not know, such as NaN"
_OUT_OF_RANGE = "a number beyond every range"
_NOT_UTF8 = "text that is not UTF-8"
_BAD_ESCAPE = "an escape that is none, such as half an emoji"
_TOO_DEEP = f"a value nested over {MAX_DEPTH} levels"


class Repair(NamedTuple):
    """One value that was not kept as it is, without the value."""

    path: tuple[str, ...]
    reason: str

    @property
    def column(self) -> str:
        """The column of the record that holds it, else the part of the message."""
        is_inside = self.path[0] == "record" and len(self.path) > 1
        return self.path[is_inside]


class UnclearError(ValueError):
    """It cannot be told what belongs where."""


class _Open(NamedTuple):
    bracket: bytes
    begin: int
    """Where the value begins in the output."""


def repair(
    line: bytes, *, keep_text: bool = False, finite_numbers: bool = False
) -> tuple[bytes, list[Repair]]:
    """Return the line as strict JSON, and what is not in it any more.

    With ``keep_text`` a text keeps what of it can be read. ``finite_numbers`` takes out
    numbers that no float holds, for those who must read them.

    Raises:
        UnclearError: the structure itself is broken.
    """
    scanner = _Scanner(line, keep_text=keep_text, finite_numbers=finite_numbers)
    scanner.run()
    return b"".join(scanner.out), scanner.repairs


class _Scanner:
    def __init__(self, line: bytes, *, keep_text: bool, finite_numbers: bool) -> None:
        self.out: list[bytes] = []
        self.repairs: list[Repair] = []
        self._line = line
        self._keep_text = keep_text
        self._finite = finite_numbers
        self._stack: list[_Open] = []
        self._path: list[str] = []
        self._too_deep = False
        self._expect: Callable[[bytes, int], None] = self._value

    def run(self) -> None:
        at = 0
        while found := _TOKEN.match(self._line, at):
            at, kind = found.end(), found.lastindex
            if not kind:
                break
            self._expect(found.group(kind), kind)
        if at < len(self._line) or self._expect != self._nothing:
            raise UnclearError

    # --- what may come next -------------------------------------------------

    def _value(self, token: bytes, kind: int) -> None:
        if token in _CLOSING:
            self._stack.append(_Open(token, len(self.out)))
            self._too_deep |= len(self._stack) > MAX_DEPTH
            self._keep(token)
            self._expect = self._first_key if token == b"{" else self._first_item
            return
        if kind == _TEXT:
            self._keep(self._text(token, is_name=False))
        elif kind == _WORD:
            self._keep(self._word(token))
        else:
            raise UnclearError
        self._after_value()

    def _first_item(self, token: bytes, kind: int) -> None:
        (self._close if token == b"]" else self._value)(token, kind)

    def _first_key(self, token: bytes, kind: int) -> None:
        (self._close if token == b"}" else self._key)(token, kind)

    def _key(self, token: bytes, kind: int) -> None:
        if kind != _TEXT:
            raise UnclearError
        # Deeper names do not show in any message.
        if is_named := len(self._stack) <= _NAMED_LEVELS:
            del self._path[len(self._stack) - 1 :]
        fixed = self._text(token, is_name=True)
        if is_named:
            self._path.append(msgspec.json.decode(fixed))
        self._keep(fixed)
        self._expect = self._colon

    def _colon(self, token: bytes, _kind: int) -> None:
        if token != b":":
            raise UnclearError
        self._keep(token)
        self._expect = self._value

    def _comma(self, token: bytes, kind: int) -> None:
        if token != b",":
            self._close(token, kind)
            return
        self._keep(token)
        is_object = self._stack[-1].bracket == b"{"
        self._expect = self._key if is_object else self._value

    def _close(self, token: bytes, _kind: int) -> None:
        closed = self._stack.pop()
        if token != _CLOSING[closed.bracket]:
            raise UnclearError
        self._keep(token)
        # The whole value of a column goes, not a part that nobody would miss.
        if self._too_deep and len(self._stack) <= len(self._path):
            self._too_deep = False
            self.out[closed.begin :] = [self._without(_TOO_DEEP)]
        self._after_value()

    def _nothing(self, _token: bytes, _kind: int) -> None:
        raise UnclearError

    def _after_value(self) -> None:
        self._expect = self._comma if self._stack else self._nothing

    # --- values -------------------------------------------------------------

    def _keep(self, token: bytes) -> None:
        if not self._too_deep:
            self.out.append(token)

    def _without(self, reason: str) -> bytes:
        if not self._too_deep:
            self.repairs.append(Repair((*self._path,) or ("message",), reason))
        return b"null"

    def _word(self, token: bytes) -> bytes:
        if token in _LITERALS:
            return token
        if not _NUMBER.fullmatch(token):
            return self._without(_NOT_JSON)
        if self._finite and not _is_finite(token):
            return self._without(_OUT_OF_RANGE)
        return token

    def _text(self, token: bytes, *, is_name: bool) -> bytes:
        if _PLAIN_TEXT.fullmatch(token):
            return token
        try:
            msgspec.json.decode(token, type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            fixed, reason = _mended(token[1:-1])
        else:
            return token
        if reason:
            dropped = self._without(reason)
            if not (self._keep_text or is_name):
                return dropped
        return b'"%b"' % fixed.encode()


def _is_finite(token: bytes) -> bool:
    if len(token) > _MAX_DIGITS:
        return False
    return abs(float(token)) != float("inf")


def _mended(content: bytes) -> tuple[str, str]:
    """Return the inside of a text with what is wrong replaced, and what that was."""
    reason = ""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text, reason = content.decode(errors="replace"), _NOT_UTF8

    def mend(found: re.Match[str]) -> str:
        nonlocal reason
        part = found.group()
        if part < " ":
            return f"\\u{ord(part):04x}"
        if _GOOD_ESCAPE.fullmatch(part):
            return part
        reason = reason or _BAD_ESCAPE
        return _REPLACEMENT

    return _ESCAPE_OR_CONTROL.sub(mend, text), reason
