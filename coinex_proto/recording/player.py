"""A recording played again: the same inputs into a new `Session`, and so the same events, books and orders.

    with open("coinex-spot.rec", "rb") as file:
        for event in replay(file):
            …

Nothing is opened and nothing waited for: whoever wants the recorded pace waits between two steps. What cannot be read is
a `RecordingGap` among the events, and every book and topic is out of trust until the recording goes on at a checkpoint.
This module must not know any venue.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, final

from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.config import Config, Sources
from coinex_proto.delivery.callbacks import Callbacks
from coinex_proto.delivery.streams import Queue
from coinex_proto.dialect import Dialect
from coinex_proto.errors import SdkError, UsageError, quoted
from coinex_proto.orders.view import OrderView
from coinex_proto.recording.checkpoints import resume
from coinex_proto.recording.frames import Batch, Damage, read_frames
from coinex_proto.recording.inputs import time_at
from coinex_proto.recording.noted import framed, unpacked_data
from coinex_proto.recording.played import Difference, Played, RecordingGap, Source, Step, Told, pieces
from coinex_proto.recording.records import (
    CHECKPOINT,
    COUNTERS,
    DATA,
    END,
    FRAME,
    MARK,
    MISSING,
    TIMEOUT,
    TOLD,
    WHOLE,
    Header,
    Record,
    check_record,
    counters_of,
    header_of,
    sdk_version,
)
from coinex_proto.recording.safe_pickle import loads
from coinex_proto.session import Session
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

E = TypeVar("E", bound=Event)


def replay(
    source: Source,
    *,
    callbacks: Callbacks | None = None,
    dialect: Dialect | None = None,
    packages: Iterable[str] = (),
    start: float = -math.inf,
    end: float = math.inf,
    any_version: bool = False,
) -> Replay:
    """A recording, ready to be iterated: each event goes to callbacks and books first, and then comes out.

    `dialect`: of a venue of your own (those of the SDK are made from the recording, without credentials), with the `packages` that
    its topics and commands are of. `start` and `end`: only events of this time (Unix seconds); what came before is played in silence,
    from the last checkpoint that was read on. `any_version`: also a recording of another version of the SDK, whose events may
    differ: `differences` says whether they do. Raises `UsageError`, with the first step, for what is no recording, and for
    another version.
    """
    return Replay(
        source, callbacks=callbacks, dialect=dialect, packages=packages, start=start, end=end, any_version=any_version
    )


@final
class Replay:
    """The way through a recording; see `replay`. It goes once."""

    def __init__(
        self,
        source: Source,
        *,
        callbacks: Callbacks | None,
        dialect: Dialect | None,
        packages: Iterable[str],
        start: float,
        end: float,
        any_version: bool,
    ) -> None:
        self.header: Header | None = None
        """Of the frame that was read last; None before the first."""
        self.now: float = -math.inf
        """The time of the last input."""
        self.told: list[Told] = []
        """Since the beginning; what tells of gaps, as it was live. Take them out where memory counts."""
        self.differences: list[Difference] = []
        self.damages: list[Damage] = []
        self.is_ended: bool = False
        """The recorder ended here in good order."""
        self.records: int = 0
        self._callbacks = Callbacks(callbacks)
        self._dialect = dialect
        self._packages = frozenset(packages)
        self._start, self._end = start, end
        self._any_version = any_version
        self._batches = read_frames(pieces(source))
        self._readings: list[int | bytes] = []
        self._last_wall = 0
        self._sources = Sources(wall_time_ns=self._wall, random_bytes=self._random)
        self._session: Session | None = None
        self._views: list[BookView] = []
        self._gap_since: float | None = None
        self._gap_why = ""
        self._expected_frame: int | None = None
        self._recording_id: str | None = None
        self._steps = self._run()

    # What a user sees -------------------------------------------------------------------------------------------------

    @property
    def session(self) -> Session:
        """The session that is played, for `topics()`, `orders`, `trusted` and the rest. Its inputs are the recording's."""
        if self._session is None:
            raise UsageError("a recording has no session before its first step")
        return self._session

    @property
    def has_session(self) -> bool:
        """False before the first step, and in a gap."""
        return self._session is not None

    def on(self, wanted: type[E] | Topic[E], function: Callable[[E], object]) -> None:
        """The function gets every event of this class or topic."""
        self._callbacks.add(wanted, function)

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Exceptions of functions go there; without it they come out of the iteration, and the next step goes on behind."""
        self._callbacks.on_error(handler)

    def stream(self, *wanted: type[E] | Topic[E], size: int = 10_000) -> Queue[E]:
        """A queue of these events as a client's stream has it; it ends with `ConsumerTooSlow` when it is full."""
        return Queue(self._callbacks, *wanted, size=size)

    def book(self, topic: Topic[BookChanged]) -> BookView:
        """The live view of a recorded topic's book."""
        view = self.session.book(topic)
        if not any(view is one for one in self._views):
            self._views.append(view)
        return view

    def __iter__(self) -> Iterator[Event]:
        for _, events in self._played():
            yield from events

    def steps(self) -> Iterator[Step]:
        """Every input with the events that came of it, which callbacks have had; of no events too."""
        for now, events in self._played():
            yield Step(now=now, events=tuple(events))

    def _played(self) -> Iterator[Played]:
        """Within `start` and `end`."""
        dispatch = self._callbacks.dispatch
        for now, events in self._steps:
            if now > self._end:
                return
            if now < self._start:
                continue
            for event in events:
                dispatch(event)
            yield now, events

    # Inputs -----------------------------------------------------------------------------------------------------------

    def _run(self) -> Iterator[Played]:
        for found in self._batches:
            if isinstance(found, Damage):
                self._damaged(found)
                continue
            if found.is_first:
                self._begin_frame(found)
            for record in found.records:
                if record[0] == WHOLE and (session := self._session) is not None:  # nearly always
                    _, self.now, wall, message = record
                    self.records += 1
                    self._readings = [wall]
                    yield self.now, self._received(session, framed(message))
                elif (step := self._play(record)) is not None:
                    yield step
        if self.header is None:
            raise UsageError(
                "this is no recording: the file is empty" if not self.damages else "nothing of it can be read"
            )
        if self._gap_why:
            yield self.now, [self._gap(None)]

    def _begin_frame(self, batch: Batch) -> None:
        header = header_of(batch.records[0] if batch.records else None)
        if header.sdk != sdk_version() and not self._any_version:
            raise UsageError(
                f"it was recorded by version {quoted(header.sdk)} of the SDK, and this is {sdk_version()}: the events may differ. "
                "Replay it with that version, or with any_version=True"
            )
        if self._recording_id is not None and header.recording_id != self._recording_id:
            self._break("another recording follows")
        elif self._expected_frame is not None and header.frame != self._expected_frame:
            self._break(f"{header.frame - self._expected_frame} frames are missing")
        self.header = header
        self._recording_id, self._expected_frame = header.recording_id, header.frame + 1
        if self._session is None and header.frame == 0 and not header.is_flight:
            self._session = self._made_session()

    def _made_session(self) -> Session:
        made = Session(self._made_dialect(), self._sources, self._made_config())
        made.read_clock = self._read_clock
        return made

    def _read_clock(self) -> float:
        """Views of books are as old as the recording."""
        return self.now

    def _made_dialect(self) -> Dialect:
        if self._dialect is None:
            assert self.header is not None
            self._dialect = loads(self.header.dialect, None, self._packages)
        assert self._dialect is not None
        return self._dialect

    def _made_config(self) -> Config:
        assert self.header is not None
        found = loads(self.header.config)
        if not isinstance(found, Config):
            raise UsageError("the recording holds no config")
        return found

    def _damaged(self, damage: Damage) -> None:
        self.damages.append(damage)
        if not damage.is_tail:
            self._break(damage.why)

    def _break(self, why: str) -> None:
        """From here to the next checkpoint nothing is known."""
        if not self._gap_why:
            self._gap_since = self.now if self.now > -math.inf else None
            self._gap_why = why
        for view in self._views:
            view.distrust(why)
        self._views.clear()
        self._session = None

    def _gap(self, until: float | None) -> RecordingGap:
        gap = RecordingGap(since=self._gap_since, until=until, why=self._gap_why)
        self._gap_why, self._gap_since = "", None
        return gap

    def _received(self, session: Session, data: bytes) -> list[Event]:
        """What comes of bytes of the peer."""
        if session._connection is None:
            return []  # the caller was told so
        try:
            session.receive_data(data, self.now)
        except SdkError as error:
            raise UsageError(f"the recording does not fit this version of the SDK: {quoted(error)}") from error
        return self._events_of(session)

    def _events_of(self, session: Session) -> list[Event]:
        session.data_to_send()
        events: list[Event] = []
        next_event = session.next_event
        while (event := next_event()) is not None:
            events.append(event)
        return events

    def _play(self, record: Record) -> Played | None:
        check_record(record)
        kind, now, readings = record[:3]
        self.records += 1
        if kind == FRAME:
            return None
        if kind == CHECKPOINT:
            return self._resume(record[3], now)
        if kind == TOLD:
            self.told.append(Told(at=now, what=record[3], text=record[4]))
            return None
        if kind == MISSING:
            self._break(f"{record[3]} inputs could not be kept: {record[5]}")
            return None
        if kind == END:
            self.is_ended = True
            return None
        session = self._session
        if session is None:
            return None  # until the next checkpoint
        if kind == MARK:
            self._compare(record[3], now)
            return None
        self._readings = list(readings)[::-1] if isinstance(readings, list) else [readings]
        self.now = now
        if kind in (DATA, WHOLE):
            data = unpacked_data(record[3]) if kind == DATA else framed(record[3])
            return now, self._received(session, data)
        try:
            self._input(session, kind, now, record)
        except SdkError as error:
            if kind == TIMEOUT or record[5] != type(error).__name__:
                raise UsageError(f"the recording does not fit this version of the SDK: {quoted(error)}") from error
            # as it was live: it told its caller, and changed nothing
        return now, self._events_of(session)

    def _input(self, session: Session, kind: object, now: float, record: Record) -> None:
        if kind == TIMEOUT:
            session.handle_timeout(now)
        else:
            name = str(kind)
            arguments, named = loads(record[3], {"order": self._order}, self._packages)
            if (at := time_at(name)) is None:
                named = {**named, "now": now}
            else:
                arguments = (*arguments[:at], now, *arguments[at:])
            getattr(session, name)(*arguments, **named)

    def _resume(self, checkpoint: bytes, now: float) -> Played | None:
        """A checkpoint is passed by, unless there is nothing to go on with."""
        if self._session is not None:
            return None
        made = self._made_session()
        resume(made, checkpoint, self._packages)
        self._session = made
        self.now = now
        return (now, [self._gap(now)]) if self._gap_why else None

    def _order(self, number: object) -> OrderView | None:
        record = self.session.orders._by_number.get(number)  # type: ignore[call-overload]
        return None if record is None else record.view

    def _compare(self, counters: list[int], now: float) -> None:
        found = counters_of(self.session)
        if found != counters:
            live, replayed = dict(zip(COUNTERS, counters, strict=False)), dict(zip(COUNTERS, found, strict=False))
            self.differences.append(Difference(at=now, live=live, replayed=replayed))

    # Clock and chance -------------------------------------------------------------------------------------------------

    def _wall(self) -> int:
        while self._readings:
            found = self._readings.pop()
            if type(found) is int:
                self._last_wall = found
                break
        return self._last_wall

    def _random(self, count: int) -> bytes:
        while self._readings:
            found = self._readings.pop()
            if type(found) is bytes and len(found) == count:
                return found
        return bytes(count)
