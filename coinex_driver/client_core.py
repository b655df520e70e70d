"""What every client does between the session and the user's functions, without waiting and without I/O.

A `ClientCore` owns the session of one client: it hands events to callbacks, streams and waiters, keeps the topics that
callbacks and streams hold, and writes the log. A driver calls `deliver()` after every step of the session.
Must not know trio, sockets or threads.
"""

from __future__ import annotations

import math
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import define

from coinex_driver.arguments import check_makings, identity
from coinex_driver.log import LOG, Troubles
from coinex_proto import (
    Callbacks,
    Closed,
    Config,
    Dialect,
    Event,
    Failed,
    LoginFailed,
    Lost,
    NotReady,
    Open,
    OrderChanged,
    Ready,
    Registration,
    Replied,
    RequestRefused,
    Restored,
    Retrying,
    Session,
    Sources,
    Stop,
    SubscribeFailed,
    Topic,
    TopicStatus,
    Unrecognised,
    UsageError,
    Wait,
)
from coinex_proto.checks import check_command, check_topics
from coinex_proto.commands import Command, describe
from coinex_proto.config import SessionTap
from coinex_proto.delivery.callbacks import check_callback
from coinex_proto.dialect import needs_lines
from coinex_proto.ids import RequestId, TopicKey

if TYPE_CHECKING:
    from coinex_proto.lines import Line, Lines, LineStatistics

R = TypeVar("R")
E = TypeVar("E", bound=Event)

SLOW_CALLBACK: Final = 0.25
"""Seconds in one event's callbacks after which a warning is written: the core calls a timer late at the same point."""

TOLD: Final = (Lost, Restored, Unrecognised, SubscribeFailed, OrderChanged)
"""Events that say what a recording cannot be complete about."""

HAS_ENDED: Final = "has been stopped or closed and does nothing any more: make a new one"


class _Stream(weakref.ref[object]):
    """A stream as the core knows it. The garbage collector calls a function in C when it is gone, not a `__del__`: Python drops
    a Ctrl-C that reaches it there.
    """

    __slots__ = ("end", "holder")
    holder: Hashable
    end: Callable[[], None]


class ClientCore:
    """The session of one client, its callbacks and its streams."""

    def __init__(
        self,
        dialect: Dialect,
        callbacks: Callbacks | None,
        config: Config,
        sources: Sources,
        now: Callable[[], float],
    ) -> None:
        check_makings(dialect, callbacks, config)
        self.name: str = dialect.name
        self.config = config
        makers = (config.recorder, config.flight_recorder)
        self._taps: list[SessionTap] = []
        """What records this client; mostly nothing."""
        for maker in makers:
            if maker is not None:
                self._taps.append(maker.tap(dialect, sources))
                sources = self._taps[-1].sources
        self.is_many: bool = needs_lines(config, dialect)
        """The session is on several sockets, each of `lines`."""
        self.session: Session | Lines
        if self.is_many:
            self._check_not_recorded()
            from coinex_proto.lines import Lines

            self.session = Lines(dialect, sources, config)
        else:
            session_class = Session
            for tap in reversed(self._taps):  # the first reads the clock itself, and is outermost
                session_class = tap.session_class(session_class)
            self.session = session_class(dialect, sources, config)
            for tap in reversed(self._taps):
                tap.attach(self.session)
        if not self._taps:
            self.session.skip_unwanted(self._is_wanted)  # a recording must not depend on who listened
        self.session.read_clock = self.now
        self.stream_callbacks: Callbacks = Callbacks()
        """Of the streams. They come first: what a callback of the user's raises must not cost a stream an event."""
        self.own: Callbacks = Callbacks(callbacks)
        """Of replies, which are this client's alone; behind them `callbacks`, which may serve several clients."""
        self.callbacks: Callbacks = self.own if callbacks is None else callbacks
        self.was_ready: bool = False
        """Since the first `Ready`: opening a client waits for that, whatever became of the connection since."""
        self.has_failed: bool = False
        """An attempt to connect, or a connection, has come to nothing."""
        self.is_ready: bool = False
        """Between `Ready` and `Closed` as they are handed out; no driver closes its transport before callbacks know of the end."""
        self.is_stopping: bool = False
        """`stop()` was called: nothing is sent any more; the connection is closed and the streams end as soon as may be."""
        self.is_stop_asked: bool = False
        """`stop()` was called, and the session does not know yet: the driver calls `stop_if_asked` before its next step."""
        self.is_over: bool = False
        """The session does nothing any more; whoever still waits gets `error`."""
        self.error: BaseException | None = None
        """What ended the client; None with `is_over`: it was stopped."""
        self.is_delivering: bool = False
        """A callback that changes the session comes back to `deliver`, which must not hand out events inside each other."""
        self.is_handing_out = False
        """Events that a thread has kept are handed out, in the calling thread and perhaps after the end."""
        self.dispatch: Callable[[Event], None] = self.own.dispatch
        """Where events go behind the streams; a driver may put itself in between."""
        self._clock: Callable[[], float] = now
        self._latest = 0.0
        """The last time that was read: the clock may go back by a rounding, the session's time must not."""
        self._has_stopped = False
        self.stops_by: float = math.inf
        """After `stop()`: until when the peer may end the connection, and a call over HTTP may still go on."""
        self._by_topic: dict[TopicKey, dict[Hashable, Registration]] = {}
        self._streams: dict[Hashable, _Stream] = {}
        """By the holder of its topics."""
        self._dropped: deque[_Stream] = deque()
        """Those nobody has any more: an append is all that is safe in the garbage collector and in any thread."""
        self._pending: dict[RequestId, PendingReply] = {}
        self._troubles = Troubles()
        self._refusals: dict[TopicKey, RequestRefused] = {}
        """What the venue refused for good, until it is subscribed again: for whoever waits for the topic."""
        self._observers: dict[type[Event], Callable[[Any], None]] = {
            Ready: self._on_ready,
            Closed: self._on_closed,
            Retrying: self._on_retrying,
            LoginFailed: self._on_login_failed,
            Lost: self._on_lost,
            Restored: self._on_restored,
            Unrecognised: self._on_unrecognised,
            SubscribeFailed: self._on_subscribe_failed,
            Replied: self._on_reply,
            Failed: self._on_reply,
        }
        if self._taps:
            self._observers.update({kind: self._recorded(kind) for kind in TOLD})

    # Sockets ----------------------------------------------------------------------------------------------------------

    @property
    def lines(self) -> Sequence[Session | Line]:
        """What bytes are moved for, one for each socket."""
        return (self.session,) if isinstance(self.session, Session) else self.session.lines

    def watch_lines(self, changed: Callable[[], None]) -> None:
        """`changed` is called where `lines` has changed, or where any of them may have something to send or another deadline
        that its own last step did not cause. In the middle of a step: it may only take note.
        """
        if not isinstance(self.session, Session):
            self.session.changed = changed

    def renew(self) -> None:
        """Move every socket to a new connection without a gap."""
        self.check_not_over()
        if isinstance(self.session, Session):
            raise UsageError(
                "renew() needs a client that may have two sockets: Config(renew_every=...), math.inf for no time"
            )
        self.session.renew(self.now())

    @property
    def line_stats(self) -> tuple[LineStatistics, ...]:
        """The counters of each socket; a client that never has more than one has line 0."""
        if not isinstance(self.session, Session):
            return self.session.line_stats
        from coinex_proto.lines import LineStatistics

        stats, topics = self.session.stats, len(self.session.topics())
        return (LineStatistics(line=0, topics=topics, statistics=stats, firsts=0, lead=0.0),)

    # Recording --------------------------------------------------------------------------------------------------------

    def _check_not_recorded(self) -> None:
        if self._taps:
            raise UsageError(
                "a recording is of one socket: recorder and flight_recorder go with none of renew_every, lines=2 and "
                "topics_per_connection"
            )

    def _recorded(self, kind: type[Event]) -> Callable[[Event], None]:
        """The observer of such events, which are told to the taps as well."""
        observer = self._observers.get(kind)

        def observe(event: Event) -> None:
            if observer is not None:
                observer(event)
            for tap in self._taps:
                tap.told(event, self.now())

        return observe

    def note_trouble(self, what: str, text: str) -> None:
        """Something that no event tells of goes into the recording, if there is one."""
        for tap in self._taps:
            tap.note(what, text, self.now())

    def _note_raised(self, error: Exception) -> None:
        self.note_trouble("CallbackRaised", f"a callback raised {type(error).__name__}")

    # Time -------------------------------------------------------------------------------------------------------------

    def set_clock(self, clock: Callable[[], float]) -> None:
        """Another clock than the network's, which reads the same."""
        self._clock = clock

    def now(self) -> float:
        """The client's clock; it never goes back, not even by a rounding."""
        now = self._clock()
        if now > self._latest:
            self._latest = now
        return self._latest

    def serve_timers(self, deadline: float, line: Session | Line | None = None) -> None:
        """Call when the time of `deadline` has come, even where the clock reads a rounding less."""
        self._latest = max(self.now(), deadline)
        (line or self.session).handle_timeout(self._latest)

    # Events -----------------------------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Hands out every event that is there. Within a callback it does nothing: the outer call goes on.

        What a callback raises comes out; its event counts as delivered, and the next call goes on behind it.
        """
        if self.is_delivering:
            return
        if self._dropped:
            self.release_dropped()
        next_event, observers, read_clock = self.session.next_event, self._observers, perf_counter
        self.is_delivering = True
        began = read_clock()
        try:
            while (event := next_event()) is not None:
                observer = observers.get(type(event))
                if observer is not None:
                    observer(event)
                if self._streams:
                    self.stream_callbacks.dispatch(event)
                self.dispatch(event)
                if self.is_stop_asked:
                    self.stop()
                why_over = read_clock()
                if why_over - began > SLOW_CALLBACK:
                    self.warn(f"callbacks of {type(event).__name__} took {why_over - began:.2f} s")
                began = why_over
        except Exception as error:
            self._note_raised(error)
            raise
        finally:
            self.is_delivering = False

    def _is_wanted(self, kind: type[Event], key: TopicKey) -> bool:
        return self.own.wants(kind, key) or (bool(self._streams) and self.stream_callbacks.wants(kind, key))

    def on(self, kind: type[E], function: Callable[[E], object]) -> None:
        """The function gets every event of this class."""
        self.check_not_over()
        self.callbacks.add(kind, function)

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """Exceptions of callbacks go there from now on."""
        self.check_not_over()
        if self._taps:
            handler = self._noting(handler)
        self.own.on_error(handler)
        self.callbacks.on_error(handler)

    def _noting(self, handler: Callable[[Event, Exception], object]) -> Callable[[Event, Exception], object]:
        def note(event: Event, error: Exception) -> object:
            self._note_raised(error)
            return handler(event, error)

        return note

    def fail(self, error: BaseException) -> None:
        """The client ends because of this: no callback runs any more; the connection is still closed in good order."""
        if self.error is None:
            self.error = error
        self.mute()
        self.stop()

    def mute(self) -> None:
        """No callback runs any more, while the client ends because of an error."""
        self.dispatch = _to_nobody

    def ask_to_stop(self) -> None:
        """Has the driver stop before its next step. Safe in a signal handler, in any thread, at any moment.

        It only sets flags, since the session may be in the middle of a step; wake the driver after it.
        """
        if not self._has_stopped and not self.is_over:
            self.stops_by = min(self.stops_by, self._clock() + self.config.close_timeout)
            self.is_stop_asked = self.is_stopping = True

    def stop_if_asked(self) -> None:
        """Between two steps of the session: does what `ask_to_stop` asked for."""
        if self.is_stop_asked:
            self.stop()

    def stop(self) -> None:
        """Begins to close and ends the streams; where the session is used, between two steps of it, and in a callback."""
        self.is_stop_asked = False
        if self._has_stopped or self.is_over:
            return
        self.is_stopping = self._has_stopped = True
        self.stops_by = min(self.stops_by, self.now() + self.config.close_timeout)
        self.session.stop(self.now())
        self._end_streams()

    def closing_time(self) -> float:
        """Seconds that the peer has to end the connection; after `stop()` there is one budget for all of the closing."""
        return max(0.0, min(self.config.close_timeout, self.stops_by - self.now()))

    # Steps ------------------------------------------------------------------------------------------------------------

    def next_step(self, line: Session | Line | None = None) -> Open | Wait | None:
        """What to do about this socket's connection now; None: it will have none.

        With the last one the client `is_over`, and `error` says why if nobody stopped it.
        """
        self.stop_if_asked()
        session = self.session
        step = (line or self.lines[0]).next_step(self.now())
        if not isinstance(step, Stop):
            return step
        if isinstance(session, Session):
            self.end(step.error)
        elif session.is_over:
            self.end(session.error)
        return None

    def end(self, error: BaseException | None) -> None:
        """It is all over. Called with a fault of ours too: then nobody uses the session any more."""
        self.is_over, self.is_ready = True, False
        if self.error is None:
            self.error = error
        self._end_streams()
        for tap in self._taps:
            tap.close(self.now())
        self._taps.clear()

    def check_not_over(self) -> None:
        """A client that has ended does nothing any more, and must not look as if it did.

        Raises what ended it, or `UsageError`. The last events are still handed out: their callbacks may say what they like.
        """
        if self.is_over and not self.is_delivering and not self.is_handing_out:
            raise self.error if self.error is not None else UsageError(f"this client {HAS_ENDED}")

    def _end_streams(self) -> None:
        for stream in tuple(self._streams.values()):
            stream.end()

    # Topics -----------------------------------------------------------------------------------------------------------

    def subscribe(self, topics: tuple[Topic[Any], ...], callback: Callable[[Any], object] | None) -> None:
        """Subscribes; one function is registered once for a topic."""
        self.check_not_over()
        check_topics(topics)
        added: list[tuple[TopicKey, Registration]] = []
        name = identity(callback)
        try:
            for topic in topics if callback is not None else ():
                assert callback is not None
                functions = self._by_topic.setdefault(topic.key, {})
                if name not in functions:
                    functions[name] = self.callbacks.add(topic, callback)
                    added.append((topic.key, functions[name]))
            self.session.subscribe(*topics, now=self.now())
        except BaseException:
            for key, registration in added:
                registration.cancel()
                self._by_topic[key].pop(name, None)
            raise

    def unsubscribe(self, topics: tuple[Topic[Any], ...]) -> None:
        """Unsubscribes, and cancels the functions that `subscribe` registered."""
        self.session.unsubscribe(*topics, now=self.now())
        for topic in topics:
            for registration in self._by_topic.pop(topic.key, {}).values():
                registration.cancel()

    def hold(
        self, topics: tuple[Topic[Any], ...], holder: Hashable, end: Callable[[], None], owner: object = None
    ) -> None:
        """Topics stay subscribed until `release(holder)`, or until nobody has the owner any more, if one is named; whatever
        thread drops it. `end` is called when the client stops.
        """
        self.check_not_over()
        if topics:
            self.session.hold(*topics, holder=holder, now=self.now())
        self._streams[holder] = stream = _Stream(self if owner is None else owner, self._dropped.append)
        stream.holder, stream.end = holder, end

    def release(self, holder: Hashable) -> None:
        """Lets go of what this stream held, and of what dropped ones did."""
        self._release(holder)
        self.release_dropped()

    def release_dropped(self) -> None:
        """Lets go of what dropped streams held."""
        while self._dropped:
            self._release(self._dropped.popleft().holder)

    def _release(self, holder: Hashable) -> None:
        stream = self._streams.pop(holder, None)
        if stream is not None:
            stream.end()
            self.session.release(holder, self.now())

    def ensure_subscribed(self, topics: tuple[Topic[Any], ...]) -> None:
        """Subscribes those that are not yet, and once more those that were refused."""
        self.check_not_over()
        subscribed = {status.topic for status in self.session.topics()}
        missing = tuple(t for t in topics if t not in subscribed or t.key in self._refusals)
        if missing:
            self.session.subscribe(*missing, now=self.now())
        for topic in missing:
            self._refusals.pop(topic.key, None)

    def trusted(self, *topics: Topic[Any]) -> bool:
        """Whether these are live and the connection was proved lately enough for that to mean something."""
        return self.session.trusted_at(self.now(), *topics) and not self.is_over

    def when_live(self, topics: tuple[Topic[Any], ...]) -> Callable[[], bool]:
        """Subscribes these topics; the function says whether the client is ready and they are live.

        It raises what the venue said where it refused one of them for good.
        """
        if self.is_over:
            raise self.why_over("nothing more will come")
        self.ensure_subscribed(topics)

        def is_done() -> bool:
            for topic in topics:
                if topic.key in self._refusals:
                    raise self._refusals[topic.key]
            return self.is_ready and (not topics or self.trusted(*topics))

        return is_done

    def topics(self) -> tuple[TopicStatus, ...]:
        """How each subscribed topic stands."""
        self.release_dropped()
        return self.session.topics()

    # Commands ---------------------------------------------------------------------------------------------------------

    def send(self, command: Command[R], callback: Callable[[Any], object] | None) -> RequestId:
        """Sends at once or raises `NotReady`; the callback gets the one `Replied` or `Failed`."""
        check_command(command)
        if self.is_stopping or self.is_over:
            raise NotReady(f"{describe(command)} was not sent: the client {HAS_ENDED}")
        if callback is not None:
            check_callback(callback)  # before the command has left
        request_id = self.session.send(command, self.now())
        if callback is not None:
            self.own.expect(request_id, callback)
        LOG.debug("%s: %s is request %d", self.name, describe(command), request_id)
        return request_id

    def expect_reply(self, request_id: RequestId) -> PendingReply:
        """Where the reply to a request will be; no callback is involved."""
        reply = self._pending[request_id] = PendingReply()
        return reply

    def why_over(self, what: str) -> BaseException:
        """Why something can no longer be waited for."""
        return self.error if self.error is not None else NotReady(f"{what}: the client {HAS_ENDED}")

    # The log: names and ids, never payloads or keys -------------------------------------------------------------------

    def _on_reply(self, event: Replied[Any] | Failed) -> None:
        reply = self._pending.pop(event.request_id, None)
        if reply is not None:
            reply.event = event
        if isinstance(event, Failed):
            LOG.debug("%s: request %d failed: %s", self.name, event.request_id, type(event.error).__name__)

    def _on_ready(self, event: Ready) -> None:
        self.was_ready = self.is_ready = True
        LOG.info("%s: ready", self.name)

    def _on_closed(self, event: Closed) -> None:
        self.is_ready = False
        LOG.info("%s: closed: %s", self.name, event.reason)

    def _on_retrying(self, event: Retrying) -> None:
        self.has_failed = True
        wait = max(0.0, event.at - self.now())
        LOG.info("%s: attempt %d in %.1f s: %s", self.name, event.attempt, wait, event.why)

    def _on_login_failed(self, event: LoginFailed) -> None:
        LOG.info("%s: %s", self.name, event.error)

    def _on_lost(self, event: Lost) -> None:
        self.inform(f"{len(event.topics)} topics lost: {event.why}")

    def _on_restored(self, event: Restored) -> None:
        self.inform(f"{len(event.topics)} topics restored")

    def _on_subscribe_failed(self, event: SubscribeFailed) -> None:
        self.inform(f"{type(event.topic).__name__} failed: {event.error}")
        if isinstance(event.error, RequestRefused) and not event.error.retryable:
            self._refusals[event.topic.key] = event.error

    def _on_unrecognised(self, event: Unrecognised) -> None:
        self.warn(f"unrecognised message of {len(event.raw)} bytes: {event.why}")

    def warn(self, trouble: str) -> None:
        """A warning, and of many of one kind a count at growing distances."""
        if (told := self._troubles.told(trouble)) is not None:
            LOG.warning("%s: %s", self.name, told)

    def inform(self, trouble: str) -> None:
        """The same for what need not worry anybody."""
        if (told := self._troubles.told(trouble)) is not None:
            LOG.info("%s: %s", self.name, told)


@define
class PendingReply:
    """The one event that ends a request, once it is there."""

    event: Replied[Any] | Failed | None = None

    def result(self) -> Any:
        """The result, or the error raised."""
        assert self.event is not None
        if isinstance(self.event, Failed):
            raise self.event.error
        return self.event.result


def _to_nobody(event: Event) -> None:
    """Events of a client that has failed."""
