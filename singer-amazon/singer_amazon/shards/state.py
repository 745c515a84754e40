"""Singer states of shards: whose they are, divided and put together; pure.

A partition belongs to the shard of its account. The state of a shard says which one it
is of, so that no run takes up the state of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from singer_amazon.errors import ConfigError
from singer_amazon.shards.shard import SETTING, Shard, shard_number
from singer_amazon.sync.state_store import COUNTERS

Json = dict[str, Any]
ACCOUNT_NAMES = ("profile_id", "advertiser_id", "account_name")
"""What a partition's context calls its account, in any tap of ours."""
COLUMNS = "columns"
"""What all accounts of a stream share: the columns inferred so far."""
_SHOWN = 5
_Context = tuple[tuple[str, str], ...]


def account_of(entry: Mapping[str, Any]) -> str | None:
    """Return whose an entry of a state is; None where it is nobody's."""
    context = entry.get("context", entry)
    found = context if isinstance(context, Mapping) else {}
    return next(
        (str(found[n]) for n in ACCOUNT_NAMES if found.get(n) is not None), None
    )


def mark(shard: Shard) -> dict[str, object]:
    """Return what the state of a shard keeps to say which one it is of."""
    return {} if shard.is_all else {SETTING: str(shard)}


def check(state: Mapping[str, Any], shard: Shard) -> str | None:
    """Compare a state with the shard that is to be read; return a warning.

    Raises:
        ConfigError: it is the state of another shard.
    """
    counters = _bookmarks(state).get(COUNTERS)
    kept = counters.get(SETTING) if isinstance(counters, Mapping) else None
    if kept is not None and kept != str(shard):
        chosen = "is not set" if shard.is_all else f'is "{shard}"'
        msg = (
            f'the state is that of shard "{kept}", but {SETTING} {chosen}: a run would '
            "read accounts anew and lose what waits. Give each shard its own state; "
            "where their number changes, use `state merge` and `state split`"
        )
        raise ConfigError(msg)
    return None if shard.is_all else _foreign(state, shard)


def _foreign(state: Mapping[str, Any], shard: Shard) -> str | None:
    """Say which accounts of a state belong to other shards."""
    accounts = {
        account
        for _, entry in _entries(state)
        if (account := account_of(entry)) is not None and not shard.has(account)
    }
    if not accounts:
        return None
    shown = ", ".join(sorted(accounts)[:_SHOWN])
    more = f" and {len(accounts) - _SHOWN} more" if len(accounts) > _SHOWN else ""
    return (
        f"The state has entries of {len(accounts)} accounts that are not in shard "
        f"{shard}: {shown}{more}. They are passed on untouched; "
        f"`state split --shards {shard.count}` gives each shard its own"
    )


# --- dividing --------------------------------------------------------------


def split(state: Mapping[str, Any], count: int) -> list[Json]:
    """Divide a state; return those of the shards, the first one's first.

    What belongs to no account goes to the first shard; inferred columns to all.

    Raises:
        ConfigError: the state is that of a shard already, or damaged.
    """
    check(state, Shard())
    return [_part(state, Shard(number, count)) for number in range(count)]


def _part(state: Mapping[str, Any], shard: Shard) -> Json:
    is_first = shard.number == 0
    part: Json = {n: v for n, v in state.items() if n != "bookmarks" and is_first}
    part["bookmarks"] = {
        name: kept
        for name, found in _bookmarks(state).items()
        if name != COUNTERS
        and (kept := _part_of_stream(name, found, shard)) is not None
    }
    counters = _bookmarks(state).get(COUNTERS)
    mine = _part_of_counters(counters, shard) if isinstance(counters, Mapping) else {}
    if kept := {**mine, **mark(shard)}:
        part["bookmarks"][COUNTERS] = kept
    return part


def _part_of_stream(name: str, found: object, shard: Shard) -> object:
    """Return what a shard keeps of one stream; None: nothing."""
    if not isinstance(found, Mapping):
        return found if shard.number == 0 else None
    entries = _entries_of(name, found)
    mine = [entry for entry in entries if _belongs(entry, shard)]
    shared = {
        key: value
        for key, value in found.items()
        if key != "partitions" and (shard.number == 0 or key == COLUMNS)
    }
    has_list = mine or (shard.number == 0 and "partitions" in found)
    kept = {**shared, "partitions": mine} if has_list else shared
    return kept if kept or shard.number == 0 else None


def _belongs(entry: object, shard: Shard) -> bool:
    account = account_of(entry) if isinstance(entry, Mapping) else None
    number = 0 if account is None else shard_number(account, shard.count)
    return number == shard.number


def _part_of_counters(counters: Mapping[str, Any], shard: Shard) -> Json:
    """Return a shard's part of what outlives a run besides bookmarks.

    Lists about accounts go by account. Of the times at which something of the whole
    application was used each shard gets its part in turn: its own part of that limit
    is used up as far as the limit is.
    """
    part: Json = {}
    for name, value in counters.items():
        if isinstance(value, list):
            part[name] = [entry for entry in value if _belongs(entry, shard)]
        elif isinstance(value, Mapping):
            part[name] = {
                key: inner[shard.number :: shard.count]
                if isinstance(inner, list)
                else inner
                for key, inner in value.items()
            }
        else:
            part[name] = value
    return part


# --- putting together ------------------------------------------------------


def merge(states: Iterable[Mapping[str, Any]], *, in_order: bool = False) -> Json:
    """Put the states of shards together.

    With `in_order` they are those of all shards, the first one's first: of several
    entries for one partition the one of its own shard counts.

    Raises:
        ConfigError: they are of different divisions, one is missing or there twice,
            or two have different entries for one partition.
    """
    found = list(states)
    if not found:
        raise ConfigError("there is no state to merge")
    shards = _shards(found, in_order=in_order)
    merged: Json = {}
    for state in found:
        merged.update({n: v for n, v in state.items() if n != "bookmarks"})
    merged["bookmarks"] = _merged_streams(found, shards)
    if counters := _merged_counters(found):
        merged["bookmarks"][COUNTERS] = counters
    return merged


def _shards(states: list[Mapping[str, Any]], *, in_order: bool) -> list[Shard] | None:
    """Return whose the states are; None where they do not say.

    Raises:
        ConfigError: they do not belong together.
    """
    marks = [_mark_of(state) for state in states]
    named = [one for one in marks if one is not None]
    if not named:
        count = len(states)
        return [Shard(number, count) for number in range(count)] if in_order else None
    if len(named) < len(marks):
        msg = (
            "some of these states name their shard and others do not: merge the states "
            "of all shards and nothing else"
        )
        raise ConfigError(msg)
    count = named[0].count
    if sorted(named, key=str) != sorted(
        (Shard(number, count) for number in range(count)), key=str
    ):
        given = ", ".join(map(str, named))
        msg = (
            f"these are the states of the shards {given}: give each of the {count} "
            "shards once, or accounts would be lost"
        )
        raise ConfigError(msg)
    return named


def _mark_of(state: Mapping[str, Any]) -> Shard | None:
    counters = _bookmarks(state).get(COUNTERS)
    text = counters.get(SETTING) if isinstance(counters, Mapping) else None
    return None if text is None else Shard.parse(str(text))


def _merged_streams(
    states: list[Mapping[str, Any]], shards: list[Shard] | None
) -> Json:
    merged: Json = {}
    lists = _merged_entries(states, shards)
    for state in states:
        for name, found in _bookmarks(state).items():
            if name == COUNTERS:
                continue
            if isinstance(found, Mapping):
                kept = merged.setdefault(name, {})
                _add_shared(kept, found)
                if "partitions" in found:
                    kept["partitions"] = lists.get(name, [])
            else:
                merged[name] = found
    return merged


def _add_shared(kept: Json, found: Mapping[str, Any]) -> None:
    """Add what a stream has besides partitions; inferred columns are put together."""
    for key, value in found.items():
        if key == COLUMNS and isinstance(value, Mapping):
            kept[key] = {**value, **kept.get(key, {})}
        elif key != "partitions":
            kept.setdefault(key, value)


def _merged_entries(
    states: list[Mapping[str, Any]], shards: list[Shard] | None
) -> dict[str, list[Json]]:
    """Return every stream's partitions, each once."""
    chosen: dict[tuple[str, _Context], tuple[int, list[Json]]] = {}
    for number, state in enumerate(states):
        own: dict[tuple[str, _Context], list[Json]] = {}
        for stream, entry in _entries(state):
            own.setdefault((stream, _context_of(entry)), []).append(entry)
        for key, entries in own.items():
            before = chosen.get(key)
            if before is None or _is_better(key, before[1], entries, number, shards):
                chosen[key] = (number, entries)
    lists: dict[str, list[Json]] = {}
    for (stream, _), (_, entries) in chosen.items():
        lists.setdefault(stream, []).extend(entries)
    return lists


def _is_better(
    key: tuple[str, _Context],
    before: list[Json],
    entries: list[Json],
    number: int,
    shards: list[Shard] | None,
) -> bool:
    """Whether entries are to be taken in place of others for the same partition.

    Raises:
        ConfigError: nobody can know.
    """
    if before == entries:
        return False
    account = account_of(entries[0])
    if shards is None or account is None:
        who = " ".join(value for _, value in key[1]) or "no account"
        msg = (
            f"two of the states have different entries for {key[0]} of {who}: which "
            "one counts? With --in-order the files are those of all shards, shard 0 "
            "first, and the one of the account's own shard counts"
        )
        raise ConfigError(msg)
    return shards[number].has(account)


def _merged_counters(states: list[Mapping[str, Any]]) -> Json:
    merged: Json = {}
    for state in states:
        counters = _bookmarks(state).get(COUNTERS)
        for name, value in counters.items() if isinstance(counters, Mapping) else ():
            if name == SETTING:
                continue
            if isinstance(value, list):
                known = merged.setdefault(name, [])
                known.extend(entry for entry in value if entry not in known)
            elif isinstance(value, Mapping):
                _add_times(merged.setdefault(name, {}), value)
            else:
                merged.setdefault(name, value)
    return merged


def _add_times(kept: Json, found: Mapping[str, Any]) -> None:
    """Add times at which something was used, and keep the latest of single ones."""
    for key, value in found.items():
        if isinstance(value, list):
            kept[key] = sorted({*map(str, kept.get(key, ())), *map(str, value)})
        else:
            kept[key] = max(str(kept.get(key, value)), str(value))


# --- reading ---------------------------------------------------------------


def _bookmarks(state: Mapping[str, Any]) -> Mapping[str, Any]:
    found = state.get("bookmarks") or {}
    if not isinstance(found, Mapping):
        raise ConfigError("this is no Singer state: bookmarks is no object")
    return found


def _entries(state: Mapping[str, Any]) -> Iterator[tuple[str, Json]]:
    for name, found in _bookmarks(state).items():
        if name != COUNTERS and isinstance(found, Mapping):
            yield from ((name, entry) for entry in _entries_of(name, found))


def _entries_of(name: str, found: Mapping[str, Any]) -> list[Json]:
    entries = found.get("partitions") or []
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        msg = f"the state of {name} is damaged: its partitions are no list of objects"
        raise ConfigError(msg)
    return entries


def _context_of(entry: Mapping[str, Any]) -> _Context:
    context = entry.get("context")
    items = context.items() if isinstance(context, Mapping) else ()
    return tuple(sorted((str(key), str(value)) for key, value in items))
