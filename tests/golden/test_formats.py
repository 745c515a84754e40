"""The objects of target-s3, and the emulator's URLs, are what they were."""

from __future__ import annotations

from golden import formats
from golden.goldens import check, golden


def test_objects_of_target_s3() -> None:
    check(golden("objects.json"), formats.objects())


def test_what_the_emulator_offers() -> None:
    check(golden("emulator.json"), formats.offered())
