"""An emulator as new."""

from __future__ import annotations

from support.core.emulation import emulator_fixtures

running, emulator = emulator_fixtures()
