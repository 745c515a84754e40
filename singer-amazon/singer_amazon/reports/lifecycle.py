"""The states of one report and the only moves between them.

Rules of this module:

- `TABLE` is the whole truth: a pair that is not in it raises, changing nothing.
- No clock and no counters here. Whether a failure may be tried again, or the
  time is up, is decided by the engine; this module only knows what follows.
- A terminal answer from Amazon always beats our own clock: TIME_UP does not
  touch a report that is READY or FETCHED.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where a report stands."""

    PLANNED = auto()  # to be asked for
    REQUESTED = auto()  # Amazon has it; look from time to time
    CANCELLING = auto()  # too old; to be deleted and asked for again
    READY = auto()  # complete; to be downloaded
    FETCHED = auto()  # its document lies in the spool, or it has none
    DELIVERED = auto()  # every row is written
    FAILED = auto()  # a gap
    REFUSED = auto()  # Amazon said no; the bookmark stays
    CARRIED = auto()  # left for the next run, which adopts its id
    UNASKED = auto()  # time was up before it was asked for
    DEFERRED = auto()  # Amazon has not published it yet; a later run asks anew

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to it in this run."""
        return self in _FINAL


_FINAL = {
    State.DELIVERED,
    State.FAILED,
    State.REFUSED,
    State.CARRIED,
    State.UNASKED,
    State.DEFERRED,
}


class RunMode(Enum):
    """What a run does with its reports."""

    SYNC = "sync"  # asks, waits, delivers
    ASK = "ask"  # asks and leaves: the ids stay for a later run
    COLLECT = "collect"  # delivers what earlier runs asked for, asks for nothing

    @property
    def asks(self) -> bool:
        """Whether reports may be asked for."""
        return self is not RunMode.COLLECT

    @property
    def waits(self) -> bool:
        """Whether reports are looked at until they are ready."""
        return self is not RunMode.ASK


class Event(Enum):
    """What happened to a report."""

    ACCEPTED = auto()
    PUT_OFF = auto()  # not now: throttled, in conflict, still running
    COMPLETE = auto()
    NO_DOCUMENT = auto()  # complete, without anything to download
    FETCHED = auto()
    AGAIN = auto()  # its id is dead: ask anew
    READ_AGAIN = auto()  # its document is damaged: download anew
    STUCK = auto()
    CANCELLED = auto()
    DELIVERED = auto()
    GAVE_UP = auto()
    REFUSED = auto()
    TIME_UP = auto()
    NOT_YET = auto()  # Amazon has not published what was asked for
    LEFT = auto()  # Amazon cannot be reached about it; the id is kept
    CONTINUED = auto()  # its rows are written; its next page is to be asked for


TABLE: dict[tuple[State, Event], State] = {
    (State.PLANNED, Event.ACCEPTED): State.REQUESTED,
    (State.PLANNED, Event.PUT_OFF): State.PLANNED,
    (State.PLANNED, Event.REFUSED): State.REFUSED,
    (State.PLANNED, Event.GAVE_UP): State.FAILED,
    (State.PLANNED, Event.TIME_UP): State.UNASKED,
    (State.PLANNED, Event.NOT_YET): State.DEFERRED,
    (State.REQUESTED, Event.ACCEPTED): State.REQUESTED,  # its next part
    (State.REQUESTED, Event.PUT_OFF): State.REQUESTED,
    (State.REQUESTED, Event.COMPLETE): State.READY,
    (State.REQUESTED, Event.NO_DOCUMENT): State.FETCHED,
    (State.REQUESTED, Event.AGAIN): State.PLANNED,
    (State.REQUESTED, Event.STUCK): State.CANCELLING,
    (State.REQUESTED, Event.GAVE_UP): State.FAILED,
    (State.REQUESTED, Event.REFUSED): State.REFUSED,
    (State.REQUESTED, Event.TIME_UP): State.CARRIED,
    (State.REQUESTED, Event.NOT_YET): State.DEFERRED,
    (State.REQUESTED, Event.LEFT): State.CARRIED,
    (State.CANCELLING, Event.PUT_OFF): State.CANCELLING,
    (State.CANCELLING, Event.CANCELLED): State.PLANNED,
    (State.CANCELLING, Event.REFUSED): State.REFUSED,
    (State.CANCELLING, Event.TIME_UP): State.CARRIED,
    (State.CANCELLING, Event.LEFT): State.CARRIED,
    (State.READY, Event.PUT_OFF): State.READY,
    (State.READY, Event.FETCHED): State.FETCHED,
    (State.READY, Event.NO_DOCUMENT): State.FETCHED,
    (State.READY, Event.READ_AGAIN): State.READY,
    (State.READY, Event.AGAIN): State.PLANNED,
    (State.READY, Event.GAVE_UP): State.FAILED,
    (State.READY, Event.REFUSED): State.REFUSED,
    (State.READY, Event.NOT_YET): State.DEFERRED,
    (State.READY, Event.LEFT): State.CARRIED,
    (State.FETCHED, Event.DELIVERED): State.DELIVERED,
    (State.FETCHED, Event.READ_AGAIN): State.READY,
    (State.FETCHED, Event.GAVE_UP): State.FAILED,
    (State.FETCHED, Event.LEFT): State.CARRIED,
    (State.FETCHED, Event.CONTINUED): State.PLANNED,
}


class IllegalMove(Exception):  # noqa: N818 - named as what it is
    """An event that cannot happen in this state: a bug of ours."""


def next_state(state: State, event: Event) -> State:
    """Return the state that follows.

    Raises:
        IllegalMove: if the table has no such move.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        msg = f"{event.name} cannot happen to a report that is {state.name}"
        raise IllegalMove(msg) from None
