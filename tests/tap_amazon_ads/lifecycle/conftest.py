from __future__ import annotations

from support.core.emulation import emulator_fixtures

running, emulator = emulator_fixtures("session", rows_per_day=2)
