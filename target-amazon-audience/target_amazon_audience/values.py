"""Reads single settings of a configuration; a wrong one is a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from singer_amazon.errors import ConfigError
from target_amazon_audience.settings_schema import CAPITALS, NUMBERS

_LARGEST_ID = 2**63 - 1


class Values:
    """The settings of one audience; every method raises ``ConfigError``."""

    def __init__(self, config: Mapping[str, Any], stream: str | None) -> None:
        self._config = config
        self._where = "" if stream is None else f" (stream {stream})"

    def text(self, name: str) -> str | None:
        """Return a text without spaces around it, None for an empty one."""
        value = self._config.get(name)
        return None if value is None else str(value).strip() or None

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        """Return one of these values, the first one where nothing is written."""
        value = self.text(name) or values[0]
        value = value.upper() if name in CAPITALS else value.lower()
        if value not in values:
            self.wrong(name, f"is {value!r}: use one of {', '.join(values)}")
        return value

    def digits(self, name: str) -> int | None:
        """Return an id that is a string of digits."""
        text = self.text(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()) or int(text) > _LARGEST_ID:
            self.wrong(name, f"is {text!r}: the id is a string of digits")
        return int(text)

    def path(self, name: str) -> Path | None:
        """Return the place of a file."""
        text = self.text(name)
        if text is None:
            return None
        path = Path(text).expanduser()
        if path.is_dir():
            self.wrong(name, f"names the folder {text!r}: name a file in it")
        return path

    def number(self, name: str) -> float:
        """Return a number within its bounds, or its default."""
        value, (least, most) = self._config.get(name), NUMBERS[name].bounds
        if value is None:
            return NUMBERS[name].default or 0
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not least <= number <= most:
            span = f"from {least:g}" + ("" if most == math.inf else f" to {most:g}")
            self.wrong(name, f"is {value!r}: give a number {span}")
        return number

    def whole(self, name: str) -> int:
        """Return a whole number within its bounds, or its default."""
        number = self.number(name)
        if number != int(number):
            self.wrong(name, f"is {number}: give a whole number")
        return int(number)

    def wrong(self, name: str, words: str) -> NoReturn:
        """Complain."""
        msg = f"Setting {name}{self._where} {words}."
        raise ConfigError(msg)
