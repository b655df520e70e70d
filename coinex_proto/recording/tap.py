"""What listens at a `Session`: every call that changes it, with what it read of clock and chance, becomes a record.

A tap puts a function in front of each input of one session object; a session without a tap is as it always was. What was noted
waits in a list (`noted.py`), where another thread may take it. This module opens no file and must not know any venue.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from attrs import evolve

from coinex_proto._connection.timeline import Timeline
from coinex_proto.config import Sources
from coinex_proto.dialect import Dialect
from coinex_proto.ids import TopicKey
from coinex_proto.json import to_json
from coinex_proto.orders.view import OrderView
from coinex_proto.phases import Phase
from coinex_proto.recording.checkpoints import whole
from coinex_proto.recording.inputs import INPUTS, time_of_call
from coinex_proto.recording.noted import Noted
from coinex_proto.recording.records import CHECKPOINT, MARK, MISSING, TOLD, Header, counters_of, sdk_version
from coinex_proto.recording.safe_pickle import dumps
from coinex_proto.session import Session
from coinex_proto.statistics import Statistics
from coinex_proto.updates import Event

T = TypeVar("T")


class Tap:
    """Records of one session, for whoever writes them."""

    inflates: bool = True
    """Whether messages are noted inflated as well, so that whoever writes need not inflate them again."""

    def __init__(self, dialect: Dialect, sources: Sources) -> None:
        self.records: list[Noted] = []
        """Appended by the session's thread; whoever writes takes them from the front (`noted.py` says what they are)."""
        self.checkpoint_at: float = math.inf
        """Set by whoever wants a frame to begin at or after this time; infinite again when the checkpoint is in `records`."""
        self.full_at: float = MOST_WAITING
        """The count of the peer's bytes at which `turn` is called before more is recorded; whoever takes records moves it on."""
        self.dialect = dialect
        self._readings: list[int | bytes] = []
        self._holders: dict[Hashable, tuple[str, int]] = {}
        self._count = 0
        self._counts: dict[TopicKey, int] = {}
        """Updates by topic, as of the last mark."""
        self.left_out: int = 0
        self.left_out_bytes: int = 0
        """Inputs that found no room, not told yet."""
        self.failure: str = ""
        """A fault of the recorder's own, which ended the recording and not the session; empty: there was none."""
        self._class: type[Session] | None = None
        self._session: Session | None = None
        self._timeline: Timeline
        self._stats: Statistics
        self._state: tuple[str, ...] = ()
        """Names of the session's attributes; asking for its `__dict__` would make them slower to find."""
        self._wall_time_ns = sources.wall_time_ns
        self.sources: Sources = Sources(
            wall_time_ns=self._noting_wall(sources.wall_time_ns), random_bytes=self._noting_random(sources.random_bytes)
        )
        """For the session."""

    # What goes into it ------------------------------------------------------------------------------------------------

    def session_class(self, base: type[Session]) -> type[Session]:
        """The class of a session that is recorded: a session that was made of it is as quick as any other.

        CPython finds the attributes of an object more slowly for ever after its class was changed.
        """
        made: Any = base
        methods: dict[str, Any] = {name: self._around(name, getattr(made, name)) for name in INPUTS}
        methods["connected"] = self._around_connected(methods["connected"])
        methods["receive_data"] = self._around_data(made.receive_data)
        methods["handle_timeout"] = self._around_timeout(made.handle_timeout)
        self._class = type("RecordedSession", (base,), methods)
        return self._class

    def attach(self, session: Session) -> None:
        """From now on every input of this session is recorded; it was made with `sources`, and best of `session_class`."""
        if self._class is None or not isinstance(session, self._class):
            session.__class__ = self.session_class(type(session))
        self._state = tuple(vars(Session(session.dialect, session._sources, session.config)))
        self._timeline = session._timeline
        self._stats = session.stats
        self._session = session  # last: a thread that writes begins when it sees it
        if self._timeline._wall_time_ns is self.sources.wall_time_ns:
            self._timeline._wall_time_ns = self._wall_time_ns  # what it read is asked of it, see `_around_data`

    def _noting_wall(self, read: Callable[[], int]) -> Callable[[], int]:
        """The clock: what was read is noted. `self._readings` is one list for ever, which spares the garbage collector."""
        note: Callable[[Any], None] = self._readings.append

        def noted() -> int:
            found = read()
            note(found)
            return found

        return noted

    def _noting_random(self, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """Chance, in the same way."""
        note: Callable[[Any], None] = self._readings.append

        def noted(count: int) -> bytes:
            found = read(count)
            note(found)
            return found

        return noted

    def _around_connected(self, connected: Callable[..., None]) -> Callable[..., None]:
        def record(session: Session, now: float) -> None:
            connected(session, now)
            if self.inflates:
                assert session._connection is not None
                session._connection.on_inflated = self.records.append

        return record

    def _around_data(self, receive_data: Callable[..., None]) -> Callable[..., None]:
        """One tuple a read. What the timeline read of the clock, once and before all else, it still knows."""
        append, readings = self.records.append, self._readings

        def record(session: Session, data: bytes | bytearray | memoryview, now: float) -> None:
            if (now >= self.checkpoint_at or self._stats.bytes_in >= self.full_at) and not self.turn(now):
                self._leave_out(session, receive_data, data, now)
                return
            if readings:
                readings.clear()
            kept = data if type(data) is bytes else bytes(data)
            try:
                receive_data(session, data, now)
            finally:
                if readings:
                    append((now, self._timeline._last_wall_ns, kept, tuple(readings)))
                else:
                    append((now, self._timeline._last_wall_ns, kept))

        return record

    def _leave_out(
        self, session: Session, receive_data: Callable[..., None], data: bytes | bytearray | memoryview, now: float
    ) -> None:
        connection = session._connection
        if connection is not None:
            connection.on_inflated = None
        try:
            receive_data(session, data, now)
        finally:
            if connection is not None and self.inflates:
                connection.on_inflated = self.records.append
            self.has_no_room(len(data))

    def _around_timeout(self, handle_timeout: Callable[..., None]) -> Callable[..., None]:
        append, readings = self.records.append, self._readings

        def record(session: Session, now: float) -> None:
            timeline = self._timeline
            if now >= self.checkpoint_at:
                self.turn(now)
            readings.clear()
            deadline, before = session.next_deadline(), (timeline._shift, timeline.slept)
            try:
                handle_timeout(session, now)
            finally:
                if self._leaves_out:
                    self.has_no_room(0)
                elif (
                    readings
                    or (deadline is not None and now >= deadline)
                    or before != (timeline._shift, timeline.slept)
                ):
                    append((now, timeline._last_wall_ns, None, tuple(readings)))

        return record

    def _around(self, name: str, method: Callable[..., T]) -> Callable[..., T]:
        readings = self._readings

        def record(session: Session, *arguments: Any, **named: Any) -> T:
            now, rest = time_of_call(name, arguments, named)
            packed, text = self._packed_or_failed(name, rest, named, now)
            timeline = self._timeline
            timeline._wall_time_ns = self.sources.wall_time_ns
            readings.clear()
            raised = ""
            try:
                return method(session, *arguments, **named)
            except BaseException as error:
                raised = type(error).__name__
                raise
            finally:
                timeline._wall_time_ns = self._wall_time_ns
                if self._leaves_out:
                    self.has_no_room(0)
                else:
                    self.records.append((name, now, tuple(readings), packed, text, raised))

        return record

    def _packed_or_failed(
        self, method: str, arguments: tuple[Any, ...], named: dict[str, Any], now: float
    ) -> tuple[bytes, str]:
        if not self.failure:
            try:
                return self._packed(method, arguments, named)
            except Exception as error:  # noqa: BLE001 - whatever it is, a recorder does not end a client
                self._fail(error, now)
        return b"", ""

    def _fail(self, error: Exception, now: float) -> None:
        """From here on nothing is recorded; it is told once, and the session goes on."""
        self.failure = f"{type(error).__name__}: {error}"
        self.records.append((MISSING, now, (), 0, 0, f"the recorder has failed: {self.failure}"))
        self.checkpoint_at, self.full_at = math.inf, -math.inf
        self.has_failed()

    def has_failed(self) -> None:
        """`failure` says why; whoever writes tells it."""

    def _packed(self, method: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[bytes, str]:
        known: dict[int, Hashable] = {}
        named = {name: value for name, value in named.items() if name != "now"}
        if method in ("hold", "let_go"):
            self._name_holder(named["holder"], known)
        elif method == "release":
            self._name_holder(arguments[0], known)
            self._holders.pop(arguments[0], None)
        text = ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())])
        return dumps((arguments, named), known, self._order_number), text[:MOST_TEXT]

    def _name_holder(self, holder: Hashable, known: dict[int, Hashable]) -> None:
        """A stream that holds topics is a number; it holds them until it is dropped, so that its `id` is its own."""
        if isinstance(holder, str):
            return
        name = self._holders.get(holder)
        if name is None:
            self._count += 1
            name = self._holders[holder] = ("holder", self._count)
        known[id(holder)] = name

    def _order_number(self, view: OrderView) -> int | None:
        assert self._session is not None
        number = view._source.number
        return number if number in self._session.orders._by_number else None

    # What is told beside ----------------------------------------------------------------------------------------------

    def told(self, event: Event, now: float) -> None:
        """An event that tells of a gap was handed out."""
        self.note(type(event).__name__, to_json(event), now)

    def note(self, what: str, text: str, now: float) -> None:
        """Something that is no event: a consumer that was too slow, a callback that raised."""
        if not self._leaves_out:
            self.records.append((TOLD, now, (), what, text))

    def mark(self, now: float) -> None:
        """What the session has counted so far. Where the session lives."""
        assert self._session is not None
        counts = dict(self._session.stats.updates_by_topic)
        before, self._counts = self._counts, counts
        grown = {
            topic_text(key): count - before.get(key, 0) for key, count in counts.items() if count != before.get(key)
        }
        self.records.append((MARK, now, (), counters_of(self._session), grown))

    def turn(self, now: float) -> bool:
        """Before an input, when a checkpoint is due or `full_at` is reached: whether there is room for it."""
        if now >= self.checkpoint_at:
            self._checkpoint(now)
        return self._stats.bytes_in < self.full_at

    @property
    def _leaves_out(self) -> bool:
        """Until there is room again, and for ever once the recording has ended."""
        return self.left_out > 0 or self.full_at == -math.inf

    def has_no_room(self, size: int) -> None:
        """An input found no room: it is left out, and that is told when there is room again."""
        self.left_out += 1
        self.left_out_bytes += size

    def close(self, now: float) -> None:
        """The client has ended: nothing more will come."""
        self.mark(now)

    # Checkpoints ------------------------------------------------------------------------------------------------------

    def _checkpoint(self, now: float) -> None:
        session = self._session
        assert session is not None
        if session._events or not _is_between_messages(session):
            return  # at the next input
        self.checkpoint_at = math.inf
        try:
            whole = self.checkpoint()
        except Exception as error:  # noqa: BLE001 - whatever it is, a recorder does not end a client
            self._fail(error, now)
            return
        self.mark(now)
        self.records.append((CHECKPOINT, now, (), whole))

    def checkpoint(self) -> bytes:
        """The session as it is now, without secrets."""
        assert self._session is not None
        return whole(self._session, self._state, self._holders)

    def header(
        self, recording_id: str, frame: int, began_at: float, *, is_flight: bool = False, why: str = ""
    ) -> Header:
        """For a frame."""
        assert self._session is not None
        return Header(
            recording_id=recording_id,
            frame=frame,
            sdk=sdk_version(),
            python=platform.python_version(),
            name=self.dialect.name,
            dialect=dumps(self.dialect),
            config=dumps(evolve(self._session.config, recorder=None, flight_recorder=None)),
            began_at=began_at,
            is_flight=is_flight,
            why=why,
        )


MOST_TEXT: Final = 500
MOST_WAITING: Final = 1 << 26
"""Bytes of the peer that may wait to be written: half a minute of a hundred busy markets."""


def topic_text(key: TopicKey) -> str:
    """A topic's key for people and indexes: "depth BTCUSDT"."""
    return " ".join("all" if part is None else str(part) for part in key)


def _is_between_messages(session: Session) -> bool:
    connection = session._connection
    return connection is None or (connection.phase is Phase.READY and connection.is_between_messages)
