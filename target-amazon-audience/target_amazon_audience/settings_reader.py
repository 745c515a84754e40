"""Reads single settings; a sentence for each that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from singer_amazon.errors import ConfigError
from target_amazon_audience.setting_names import labelled
from target_amazon_audience.settings_schema import NUMBERS

_MAX_SHOWN = 100
_LARGEST_ID = 2**63 - 1


class SettingsReader:
    """The settings of one audience; every method raises ``ConfigError``."""

    def __init__(self, config: Mapping[str, Any], stream: str | None) -> None:
        self._config = config
        self._where = "" if stream is None else f" (stream {stream})"

    def value(self, name: str) -> object:
        """Return what is written, None for nothing."""
        return self._config.get(name)

    def is_written(self, name: str) -> bool:
        """Whether a setting says something: 0 does, a switch that is off does not."""
        value = self._config.get(name)
        return value is not None and value is not False and value != ""

    def text(self, name: str) -> str | None:
        """Return a text without spaces around it, None for an empty one."""
        value = self._config.get(name)
        return None if value is None else str(value).strip() or None

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        """Return one of these values, the first one where nothing is written."""
        value = labelled(name, self.text(name) or values[0], values)
        if value not in values:
            self.wrong(name, f"is {value!r}: use one of {', '.join(values)}")
        return value

    def digits(self, name: str) -> int | None:
        """Return an id that is a string of digits."""
        text = self.text(name)
        if text is None:
            return None
        is_id = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_ID))
        if not is_id or int(text) > _LARGEST_ID:
            self.wrong(name, f"is {text!r}: the id is a string of digits")
        return int(text)

    def path(self, name: str) -> Path | None:
        """Return the path of a file."""
        text = self.text(name)
        if text is None:
            return None
        try:
            path = Path(text).expanduser()
            is_folder = path.is_dir()
        except (OSError, RuntimeError, ValueError):  # such as nobody's home
            path, is_folder = Path("\0"), False
        if "\0" in str(path):
            self.wrong(name, f"is {shown(text)}, which is no path of a file")
        if is_folder:
            self.wrong(name, f"names the folder {text!r}: name a file in it")
        return path

    def number(self, name: str) -> float:
        """Return a number within its bounds, or its default."""
        value, (least, most) = self._config.get(name), NUMBERS[name].bounds
        if value is None:
            return NUMBERS[name].default or 0
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not least <= number <= most or math.isinf(number):
            span = f"from {least:.10g}"
            span += "" if most == math.inf else f" to {most:.10g}"
            self.wrong(name, f"is {shown(value)}: give a number {span}")
        return number

    def whole(self, name: str) -> int:
        """Return a whole number within its bounds, or its default."""
        number = self.number(name)
        if number != int(number):
            self.wrong(name, f"is {number}: give a whole number")
        return int(number)

    def wrong(self, name: str, complaint: str) -> NoReturn:
        """Complain."""
        end = "" if complaint.endswith(("?", ".")) else "."
        msg = f"Setting {name}{self._where} {complaint}{end}"
        raise ConfigError(msg)


def shown(value: object) -> str:
    """Return a value for a sentence, not longer than a line."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        text = "a number of thousands of digits"
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
