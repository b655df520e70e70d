"""A recording as a market that can be served again over the venue's own wire: the tape of a `ReplayServer`.

The messages are those of the recorded session's events, so that what it took for no message is none here either. CoinFLEX is left
out: its books begin with a list of single orders, which a recorded session does not keep.
"""

from __future__ import annotations

import math
import os
from typing import Final

from attrs import evolve

from coinex_proto import BookChanged, Closed, Event, Lost, Update, UsageError, coinex
from coinex_proto.recording import RecordingGap, Step
from coinex_proto.simulator.replaying import Book, Broken, OpenTape, ReplayServer, Tape, Taped
from coinex_proto.simulator.replaying.coinex import CoinexReplay
from coinex_proto.simulator.replaying.qfex import QfexReplay
from coinex_recorder.reading import header, replay

SERVED: Final = ("coinex spot", "coinex futures", "qfex mds")
"""Names of the dialects whose recordings can be served."""


def replay_server(
    path: str | os.PathLike[str],
    now: float,
    *,
    speed: float = 1.0,
    start: float = -math.inf,
    any_version: bool = False,
) -> ReplayServer:
    """The recorded market as a server half without I/O, whose host's clock is at `now`.

    Raises `UsageError` for what is no recording, and for a venue whose recordings cannot be served.
    """
    name = header(path).name
    if name not in SERVED:
        raise UsageError(
            f"a recording of {name} cannot be served, only one of {', '.join(SERVED)}: play it with replay"
        )
    next(tape(path, start, any_version=any_version), None)  # another version, or no recording, is told here
    opened: OpenTape = lambda at: tape(path, at, any_version=any_version)  # noqa: E731
    if name == "qfex mds":
        return QfexReplay(opened, now=now, speed=speed, start=start)
    return CoinexReplay(opened, module=name.split()[1], now=now, speed=speed, start=start)


def tape(path: str | os.PathLike[str], start: float = -math.inf, *, any_version: bool = False) -> Tape:
    """The messages of a recording from this time on, and where its line was broken."""
    played = replay(path, start=start, any_version=any_version)
    is_whole = False
    for step in played.steps():
        taped = _messages(step)
        if (
            is_whole
            and not taped
            and _is_broken(step.events, is_stopped=played.has_session and played.session.is_stopped)
        ):
            is_whole = False
            yield Broken(now=step.now)
        yield from taped
        is_whole = is_whole or bool(taped)


def _is_broken(events: tuple[Event, ...], *, is_stopped: bool) -> bool:
    """A loss that no message tells of; the end of the recorded client is none."""
    return not is_stopped and any(isinstance(event, Lost | Closed | RecordingGap) for event in events)


def _messages(step: Step) -> list[Taped]:
    found: list[Taped] = []
    for event in step.events:
        if isinstance(event, BookChanged):
            _give_book(found, event)
        elif isinstance(event, Update) and event.raw and not (found and found[-1].payload is event.raw):
            found.append(Taped(now=step.now, key=event.topic_key, payload=event.raw))
    return found


def _give_book(found: list[Taped], event: BookChanged) -> None:
    """To the newest message of this book."""
    topic = event.topic
    if not isinstance(topic, coinex.Depth):
        return  # elsewhere every message is whole
    for index in range(len(found) - 1, -1, -1):
        if found[index].key == topic.key:
            levels = event.book
            book = Book(
                limit=topic.limit,
                interval=topic.interval,
                is_full=topic.full,
                bids=levels.bids.pairs(),  # type: ignore[attr-defined]
                asks=levels.asks.pairs(),  # type: ignore[attr-defined]
            )
            found[index] = evolve(found[index], book=book)
            return
