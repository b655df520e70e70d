"""Requests of one connection, from the command to its one outcome: encoded, let out, answered, refused, timed out or lost.

Between the tables (`_requests.py`, `_departures.py`), which know no events, and the connection, which knows no requests.
What the heartbeat, the opening and the phases make of an outcome is the connection's. Must not know any venue.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, final

from attrs import frozen

from coinex_proto._connection.agenda import Agenda
from coinex_proto._connection.heartbeat import Heartbeat
from coinex_proto._connection.pending import MAX_REQUESTS, Pending, PendingRequests, Purpose, TopicRate
from coinex_proto._connection.request_errors import never_left, refused, timed_out, unknown
from coinex_proto._connection.send_queue import SendQueue
from coinex_proto._connection.timeline import Timeline
from coinex_proto._connection.venue_clock import Clock
from coinex_proto._wire.websocket import WebSocket
from coinex_proto.commands import Command, describe
from coinex_proto.config import Config, Sources
from coinex_proto.dialect import Answer, Dialect
from coinex_proto.errors import NotReady, PayloadError, UsageError
from coinex_proto.events import CloseReason, Failed, Replied, Unrecognised
from coinex_proto.ids import OLDEST, ReplyKey, RequestId, TopicKey
from coinex_proto.statistics import Statistics
from coinex_proto.updates import Event, Update, stamp

MAX_SENT_NOW: Final = 5
"""Commands a second that the server may have us send by asking for them (`SendNow`); venues ping every few seconds."""
UNNAMED_REFUSAL_WAIT: Final = 1.0
"""Seconds for the other answers after a refusal that does not say which part of a request it is of: it may be of all."""
OPTIONAL_PART: Final = 0.25
"""Of `login_timeout`, for an answer in the opening that need not come: the others must still have time."""


class RequestIds:
    """Counts request ids; a session hands one to all its connections, so that no late answer can match."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: int = 0


@frozen(kw_only=True)
class PartAnswered(Event):
    """What became of a part of a topic request; for the session only. The request's own outcome is of what is left then."""

    key: TopicKey
    outcome: Replied[Any] | Failed


@final
class Requests:
    """Every request that has been made on this connection and is not over."""

    def __init__(
        self,
        dialect: Dialect,
        sources: Sources,
        config: Config,
        *,
        ids: RequestIds,
        clock: Clock,
        stats: Statistics,
        socket: WebSocket,
        heartbeat: Heartbeat,
        events: deque[Event],
        agenda: Agenda,
        timeline: Timeline,
    ) -> None:
        """What all of a connection share; outcomes go to the end of `events`."""
        self._dialect = dialect
        self._sources = sources
        self._config = config
        self._ids = ids
        self._clock = clock
        self._stats = stats
        self._socket = socket
        self._heartbeat = heartbeat
        self._events = events
        self._timeline = timeline
        self.pending = PendingRequests(agenda)
        """Those that wait for an answer; to be read only."""
        self._begun: set[ReplyKey] = set()
        """Keys of requests that came true before their answer: the answer may still come, and is no stray then."""
        self._sent_now = TopicRate(MAX_SENT_NOW)
        self._send_queue = SendQueue(dialect.limits, config.requests_per_second, self.pending, agenda)

    # Out --------------------------------------------------------------------------------------------------------------

    def submit(self, command: Command[Any], now: float, *, is_topic_request: bool) -> RequestId:
        """A request of the caller. Raises `NotReady` or `UsageError`, with nothing changed; see `Connection.send`."""
        if not is_topic_request and self._is_full():
            raise UsageError(f"{describe(command)} was not sent: {MAX_REQUESTS} requests are waiting already")
        request_id = RequestId(self._ids.last + 1)
        outgoing = self._dialect.encode(command, request_id)
        pending = Pending(request_id, command, outgoing, Purpose.CALLER, is_topic_request)
        if not outgoing.may_wait:
            pause = self._send_queue.free_at(pending, now) - now
            if pause > 0:
                raise NotReady(
                    f"{describe(command)} was not sent: the venue's rate limit allows it in {pause:.2f} s; "
                    "a command that trades is never delayed",
                    retry_after=pause,
                )
            self._ids.last += 1
            self._transmit(pending, now)
            return request_id
        self._ids.last += 1
        if self._heartbeat.doubted_at is not None:
            self._send_queue.hold(pending)
            return request_id
        for each in self._send_queue.add(pending, now):
            self._transmit(each, now)
        return request_id

    def send_own(self, command: Command[Any], now: float, purpose: Purpose) -> None:
        """A request of the connection itself: outside all limits."""
        self._ids.last += 1
        request_id = RequestId(self._ids.last)
        self._transmit(Pending(request_id, command, self._dialect.encode(command, request_id), purpose), now)

    def send_now(self, command: Command[Any], payload: bytes, now: float) -> None:
        """What the server has asked for in this payload; left out when it asks too often, or for what cannot be said."""
        if self._sent_now.free_at() > now:
            self._unrecognised(payload, f"the server asks for more than {MAX_SENT_NOW} answers a second: not answered")
            return
        self._sent_now.take(now)
        try:
            self.send_own(command, now, Purpose.SERVER)
        except UsageError as error:
            self._unrecognised(payload, f"the server asks for what cannot be answered: {error}")

    def release(self, now: float) -> None:
        """Send what waits and may leave. The connection is ready."""
        if self._send_queue.is_due(now):
            for pending in self._send_queue.release(now):
                self._transmit(pending, now)

    def _transmit(self, pending: Pending, now: float) -> None:
        if pending.purpose is Purpose.CALLER:
            self._send_queue.take(pending, now)
        if self._socket.is_open:  # else the peer's Close came in the same read, and is the next thing to be handled
            self._socket.send_text(pending.outgoing.text)
        self._heartbeat.texted(now)
        if pending.outgoing.keys or pending.purpose is not Purpose.SERVER:
            self.pending.sent(pending, now, self._sources.wall_time_ns(), self._timeout(pending))

    def _timeout(self, pending: Pending) -> float:
        """Seconds until its answer is waited for no more; the opening has a budget of its own."""
        if pending.purpose not in (Purpose.OPENING, Purpose.OPENING_CLOCK):
            return self._config.request_timeout
        part = OPTIONAL_PART if pending.outgoing.is_reply_optional else 1.0
        return self._config.login_timeout * part

    def _is_full(self) -> bool:
        """Whether as many requests of callers wait as may; topic requests do not count."""
        if len(self.pending) + len(self._send_queue) < MAX_REQUESTS:
            return False
        return sum(not pending.is_topic_request for pending in (*self.pending, *self._send_queue)) >= MAX_REQUESTS

    # Time -------------------------------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Nothing waits, neither for an answer nor to leave."""
        return not (self.pending.waiting or self._send_queue.waiting)

    def next_expiry(self) -> float | None:
        """When `expire` has something to do."""
        return self.pending.next_deadline()

    def next_send_at(self) -> float | None:
        """When `release` has something to do."""
        return self._send_queue.next_deadline()

    def expire(self, now: float) -> list[Pending]:
        """End what has waited too long; gives requests of the opening that may stay unanswered: it goes on without."""
        passed_over = []
        for pending in self.pending.expired(now):
            if pending.has_ended:
                self.pending.give_up(pending)
            elif pending.outgoing.is_reply_optional and pending.failure is None:
                self.pending.remove(pending)
                if self._went_unanswered(pending):
                    passed_over.append(pending)
            elif pending.purpose is not Purpose.CALLER:
                self.pending.give_up(pending)  # the heartbeat and the sign-in have deadlines of their own
            else:
                self._timed_out(pending, now)
        return passed_over

    def confirm_started(self, request_id: RequestId) -> bool:
        """What it asked for has begun: an answer that need not come is waited for no more. True: as `expire` gives it."""
        pending = self.pending.find(request_id)
        if pending is None or not pending.outgoing.is_reply_optional:
            return False
        self.pending.remove(pending)
        self._begun.update(pending.outgoing.keys)
        return self._went_unanswered(pending)

    def _went_unanswered(self, pending: Pending) -> bool:
        """The venue may leave this one unanswered: that is success. True: it is one of the opening."""
        if pending.purpose is Purpose.CALLER:
            self._events.append(
                Replied(request_id=pending.request_id, command=pending.command, result=None, was_answered=False)
            )
        return pending.purpose is Purpose.OPENING

    def _timed_out(self, pending: Pending, now: float) -> None:
        if pending.failure is not None:  # a refusal that named no part was of all that are left
            self.pending.remove(pending)
            self._events.append(pending.failure)
            return
        self._stats.timeouts += 1
        self._heartbeat.request_timed_out()
        self.pending.keep_place(pending, now + self._config.request_timeout)
        self._failed(pending, timed_out(pending, self._config.request_timeout))

    # In ---------------------------------------------------------------------------------------------------------------

    def match(self, answer: Answer, payload: bytes, now: float, *, beside_update: bool) -> Pending | None:
        """The request that this answers and that somebody still has a use for."""
        pending = self.pending.match(answer.keys)
        if pending is None:
            if answer.refusal is None and not self._begun.isdisjoint(answer.keys):
                self._begun.difference_update(answer.keys)
            elif not self.pending.is_late(answer.keys) and not beside_update and not answer.may_be_stray:
                self._stats.stray_answers += 1
                self._unrecognised(payload, "an answer to no request that waits")
            return None
        self._heartbeat.request_answered()
        if pending.parts and answer.part is not None and answer.part not in pending.parts and answer.refusal is None:
            if not answer.may_be_stray:
                self._stats.stray_answers += 1
                self._unrecognised(payload, "an answer to a part of a request that does not wait for one")
            return None
        if pending.has_ended:
            if not pending.outgoing.may_wait and not beside_update and OLDEST not in answer.keys:
                self._take_late_answer(pending, answer, payload, now)
            # The session has a use for its own: what it asked for has begun, or is known, after all.
            return pending if pending.is_topic_request and answer.refusal is None else None
        if pending.command == self._dialect.clock and answer.refusal is None:
            self._observe_clock(pending, answer, now)
        return pending

    def _take_late_answer(self, pending: Pending, answer: Answer, payload: bytes, now: float) -> None:
        """The answer to a command that trades, after its caller was given a time-out: what it says of an order still counts.

        But only where it is surely its own: not while another request waits under the same key.
        """
        if self.pending.is_blocked(pending.outgoing):
            return
        if answer.refusal is not None:
            self._unrecognised(payload, f"an answer after its time-out: {refused(pending, answer.refusal)}")
            return
        try:
            result = pending.command.parse(answer.body)
        except PayloadError as error:
            self._unrecognised(payload, f"an answer after its time-out cannot be read: {error}")
            return
        if isinstance(result, Update):
            stamp(result, payload, self._timeline.stamp(now))
            self._events.append(result)

    def finish(self, pending: Pending, answer: Answer, payload: bytes, now: float, *, beside_update: bool) -> None:
        """Tell the caller what became of the request, or of a part of it."""
        if answer.refusal is not None and answer.refusal.pause > 0:
            self._send_queue.pause(pending, now + answer.refusal.pause)
        if pending.parts:
            self._finish_part(pending, answer, payload, now, beside_update=beside_update)
        else:
            self._events.append(self._outcome(pending, answer, payload, now, beside_update=beside_update))

    def _finish_part(
        self, pending: Pending, answer: Answer, payload: bytes, now: float, *, beside_update: bool
    ) -> None:
        """One of several answers. A session hears of each topic; whoever waits for one outcome, when all have come."""
        refusal = answer.refusal
        part = answer.part if answer.part in pending.parts else None  # a refusal may be of a name that we do not use
        outcome = self._outcome(pending, answer, payload, now, beside_update=beside_update)
        if part is not None:
            pending.parts.discard(part)
        elif refusal is None:
            pending.parts.clear()
        else:
            pending.unnamed += 1
            self.pending.hurry(pending, now + UNNAMED_REFUSAL_WAIT)
        if part is not None and pending.is_topic_request:
            self._events.append(PartAnswered(key=pending.outgoing.parts[part], outcome=outcome))
            outcome = Replied(request_id=pending.request_id, command=pending.command, result=None)
        elif isinstance(outcome, Failed):
            pending.failure = pending.failure or outcome
        if len(pending.parts) <= pending.unnamed:
            self.pending.remove(pending)
            if part is None or not pending.has_ended:
                self._events.append(pending.failure or outcome)

    def _outcome(
        self, pending: Pending, answer: Answer, payload: bytes, now: float, *, beside_update: bool
    ) -> Replied[Any] | Failed:
        """What the answer means; an update in it is handed out."""
        command, request_id = pending.command, pending.request_id
        if answer.refusal is not None:
            return Failed(request_id=request_id, command=command, error=refused(pending, answer.refusal))
        try:
            result = command.parse(answer.body)
        except PayloadError as error:
            self._unrecognised(payload, f"the answer to {describe(command)} cannot be read: {error}")
            why = f"its answer cannot be read: {error}"
            failure: Any = error if pending.outgoing.may_wait else unknown(pending, why)
            return Failed(request_id=request_id, command=command, error=failure)
        if isinstance(result, Update):
            stamp(result, payload, self._timeline.stamp(now))
            if not beside_update:
                self._events.append(result)
        return Replied(request_id=request_id, command=command, result=result)

    def _observe_clock(self, pending: Pending, answer: Answer, now: float) -> None:
        try:
            server_ms = pending.command.parse(answer.body)
        except PayloadError:
            return  # the caller's own parse reports it; for our own request, no time is no harm
        if isinstance(server_ms, int):
            self._clock.observe(pending.sent_wall_ns, self._sources.wall_time_ns(), server_ms, now)

    def _unrecognised(self, payload: bytes, why: str) -> None:
        self._stats.unrecognised += 1
        self._events.append(Unrecognised(raw=payload, why=why))

    # The end ----------------------------------------------------------------------------------------------------------

    def lose(self, reason: CloseReason) -> None:
        """The connection is over: so is everything that waits, except topic requests, which the session asks anew."""
        self._begun.clear()
        for pending in self.pending.take_all():
            if pending.purpose is Purpose.CALLER and not pending.has_ended and not pending.is_topic_request:
                self._failed(pending, unknown(pending, f"the connection was lost: {reason}"))
        for pending in self._send_queue.take_all():
            if not pending.is_topic_request:
                self._failed(pending, never_left(pending))

    def _failed(self, pending: Pending, error: Any) -> None:
        self._events.append(Failed(request_id=pending.request_id, command=pending.command, error=error))
