"""tap-amazon-sp entered where its command line enters."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from singer_sdk.plugin_base import _ConfigInput

from singer_amazon.clock import Clock
from support.ads_runs import kept_signals
from support.tap_runs import logged
from tap_amazon_sp.tap import TapAmazonSp


@dataclass
class Entered:
    """What one run of the command left behind."""

    code: int
    out: str
    log: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        """The log lines that are errors."""
        return [line for line in self.log if line.startswith("ERROR ")]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All Singer messages."""
        return [json.loads(line) for line in self.out.splitlines()]


def enter(
    config: Mapping[str, Any],
    clock: Clock,
    *,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Entered:
    """Run the tap with a config file, and perhaps an environment."""

    class Clocked(TapAmazonSp):
        """The tap with a clock of the test."""

        nap_seconds = 30.0

    Clocked.clock = clock
    out = io.StringIO()
    given = _ConfigInput(json.loads(json.dumps(config)), environment is not None)
    with (
        logged() as log,
        kept_signals(),
        contextlib.redirect_stdout(out),
        _environment(environment or {}),
        pytest.raises(SystemExit) as ended,
    ):
        Clocked.invoke(
            config=given,
            catalog=None if catalog is None else io.StringIO(json.dumps(catalog)),
            state=None if state is None else io.StringIO(json.dumps(state)),
        )
    code = ended.value.code
    return Entered(code if isinstance(code, int) else 1, out.getvalue(), log)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update({f"TAP_AMAZON_SP_{k.upper()}": v for k, v in values.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
