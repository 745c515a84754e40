"""What the audiences of a run share: the database, the clock, the way to Amazon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from singer_amazon.clock import Clock
    from target_amazon_audience.lane import Lane
    from target_amazon_audience.ledger import StateLedger
    from target_amazon_audience.store import Store
    from target_amazon_audience.uploader import Upload, Uploader


@dataclass(slots=True)
class Hands:
    """What a lane works with; shared by the lanes of a run but for the uploader."""

    store: Store
    ledger: StateLedger
    clock: Clock
    wait: Callable[[], None]
    """Waits until the upload before is ready: only then is the next one written."""
    submit: Callable[[Lane, Upload], None]
    make_uploader: Callable[[Lane], Uploader]
    claim: Callable[[Lane, int], None]
    """Makes sure that nobody else works on an audience."""
