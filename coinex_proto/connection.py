"""One WebSocket connection to a venue, from the upgrade request to closed, without I/O.

Bytes and times go in; bytes, events and the next deadline come out. A connection lives once. It delivers every update it
can decode; what is wanted, books and reconnects are `Session`'s. Nothing the peer does makes a method raise. This module
must not know any venue: all of that is behind `Dialect`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from coinex_proto._clock import Clock
from coinex_proto._departures import Departures
from coinex_proto._heartbeat import Heartbeat
from coinex_proto._inflate import TooBig, inflate
from coinex_proto._login import Login
from coinex_proto._outcomes import never_left, refused, timed_out, unknown
from coinex_proto._patience import Patience, earliest
from coinex_proto._requests import MAX_REQUESTS, Pending, Purpose, Requests
from coinex_proto._websocket import Broken, Ended, PeerClosed, Pong, Received, Refused, Upgraded, WebSocket
from coinex_proto.commands import Command, RequestId, check_command, describe
from coinex_proto.config import Config, Endpoint, Sources
from coinex_proto.dialect import Answer, Challenge, Dialect
from coinex_proto.errors import (
    ConnectFailed,
    HandshakeRefused,
    LoginRefused,
    NotReady,
    PayloadError,
    UsageError,
    quoted,
)
from coinex_proto.events import (
    ABNORMAL_CLOSURE,
    ANYTHING,
    Closed,
    CloseReason,
    Event,
    Failed,
    LoginFailed,
    Ready,
    Replied,
    Unrecognised,
    Update,
    stamp,
)
from coinex_proto.phases import PHASES, Phase, Step
from coinex_proto.statistics import Statistics
from coinex_proto.topics import TopicKey

R = TypeVar("R")

OPTIONAL_PART: Final = 0.25
"""Of `login_timeout`, for an answer in the opening that need not come: the others must still have time."""
REFUSAL_TIMEOUT: Final = 1.0
"""Seconds for the body of a refusal, once its head is in."""
MESSAGE_TOO_BIG: Final = 1009
"""RFC 6455 7.4.1."""
GOING_AWAY: Final = 1001
NORMAL_CLOSURE: Final = 1000
PRIVATE_CODES: Final = range(3000, 5000)
"""RFC 6455 7.4.2: codes that a program may send, beside 1000."""
MAX_CLOSE_TEXT: Final = 123
"""RFC 6455 5.5: a control frame holds 125 bytes, two of them the code."""


class RequestIds:
    """Counts request ids; a session hands one to all its connections, so that no late answer can match."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0


class Connection:
    """One socket's protocol. See DESIGN: after any call, send `data_to_send()`, take `next_event()`, look at `next_deadline()`.

    All times are seconds on one clock that never goes back.
    """

    def __init__(
        self,
        dialect: Dialect,
        sources: Sources,
        config: Config = Config(),  # noqa: B008  (frozen)
        *,
        endpoint: Endpoint | None = None,
        request_ids: RequestIds | None = None,
        clock: Clock | None = None,
        stats: Statistics | None = None,
    ) -> None:
        """The keyword arguments are what a session shares between its connections; alone, a connection makes its own."""
        self._dialect = dialect
        self._sources = sources
        self._config = config
        self._endpoint = endpoint if endpoint is not None else dialect.endpoint
        self.clock = clock if clock is not None else Clock()
        self.stats = stats if stats is not None else Statistics()
        self._ids = request_ids if request_ids is not None else RequestIds()
        self._socket = WebSocket(
            host=self._endpoint.host,
            port=self._endpoint.port,
            tls=self._endpoint.tls,
            target=self._endpoint.target,
            headers=self._endpoint.headers,
            max_message_bytes=config.max_message_bytes,
            random_bytes=sources.random_bytes,
        )
        self._phase = Phase.NEW
        self._now = 0.0
        self._events: deque[Event] = deque()
        self._requests = Requests()
        self._departures = Departures(dialect.limits, config.requests_per_second, self._requests)
        self._patience = Patience()
        self._login = Login(dialect, sources, self.clock, self._endpoint)
        self._beat = Heartbeat(config)
        self._is_news = False
        """Something other than an update has come since the last pause of `receive_each`."""
        self._phase_deadline: float | None = None
        self._is_deaf = False

    # What a caller sees -----------------------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where the connection stands."""
        return self._phase

    @property
    def wants_close(self) -> bool:
        """True: flush `data_to_send()`, then close the transport."""
        return self._phase is Phase.CLOSED

    @property
    def is_deaf(self) -> bool:
        """True beside `wants_close`: there is no goodbye to wait for, after a time-out or before the upgrade."""
        return self._is_deaf

    @property
    def last_proof_at(self) -> float:
        """When the peer last proved that it is there: a whole message, or a pong."""
        return self._beat.last_proof_at

    # Inputs -----------------------------------------------------------------------------------------------------------

    def start(self, now: float, *, since: float | None = None) -> None:
        """The transport is there; `since` is when opening it began (the open time-out is one budget for both)."""
        if self._phase is not Phase.NEW:
            raise UsageError("a connection is started once; make a new one for the next socket")
        self._now = now
        self._beat.start(now)
        self._advance(Step.START)
        self._phase_deadline = (now if since is None else since) + self._config.open_timeout
        self._socket.start()

    def receive_data(self, data: bytes | bytearray | memoryview, now: float) -> None:
        """Bytes of the peer, cut anywhere."""
        for _ in self.receive_each(data, now):
            pass

    def receive_each(self, data: bytes | bytearray | memoryview, now: float) -> Iterator[None]:
        """As `receive_data`, with a pause after each message that may call for an answer.

        A session takes its turn in the pauses; else what it does would depend on how the bytes were cut.
        """
        if self._phase is Phase.NEW:
            raise UsageError("start() comes before receive_data()")
        if self._phase is Phase.CLOSED:
            return
        now = self._at(now)
        self.stats.bytes_in += len(data)
        for item in self._socket.receive_data(data):
            if type(item) is bytes:
                self._message(item, now)
            else:
                self._control(item, now)
                self._is_news = True
            if self._is_news:
                self._is_news = False
                self._release(now)
                yield
        if self._socket.is_refusing and self._phase_deadline is not None:
            self._phase_deadline = min(self._phase_deadline, now + REFUSAL_TIMEOUT)

    def receive_eof(self, now: float, why: str = "") -> None:
        """The peer will send no more; `why` is what the transport says of it, for the text of `Closed`."""
        if self._phase is Phase.NEW:
            raise UsageError("start() comes before receive_eof()")
        if self._phase is Phase.CLOSED:
            return
        now = self._at(now)
        for item in self._socket.receive_eof():
            if type(item) is Ended and why and self._phase is not Phase.CLOSING:
                self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text=f"the connection was lost: {why}"))
            elif not isinstance(item, bytes):
                self._control(item, now)

    def send(self, command: Command[R], now: float) -> RequestId:
        """Send a command; its id comes back in exactly one `Replied` or `Failed`.

        Raises `NotReady` while the connection is not ready, or when the command trades and the venue's rate limit is
        used up; `UsageError` when the venue cannot be asked so, or 1,024 requests wait already. Nothing has changed then.
        """
        check_command(command)
        return self.submit(command, now, is_paced=False)

    def submit(self, command: Command[R], now: float, *, is_paced: bool) -> RequestId:
        """As `send`; `is_paced` tells topic requests of a session.

        They keep to `Config.requests_per_second` as well, and end without an event when the connection ends: the session
        asks anew on the next one.
        """
        if command.is_private and not self._dialect.has_credentials:
            raise UsageError(f"Authentication required: {describe(command)} needs credentials for {self._dialect.name}")
        if self._phase is not Phase.READY:
            raise NotReady(f"{describe(command)} was not sent: the connection is {self._phase.value}, not ready")
        if not is_paced and self._is_full():
            raise UsageError(f"{describe(command)} was not sent: {MAX_REQUESTS} requests are waiting already")
        request_id = RequestId(self._ids.last + 1)
        outgoing = self._dialect.encode(command, request_id)
        pending = Pending(request_id, command, outgoing, Purpose.CALLER, is_paced)
        now = self._at(now)
        if not outgoing.may_wait:
            pause = self._departures.free_at(pending, now) - now
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
        for each in self._departures.add(pending, now):
            self._transmit(each, now)
        return request_id

    def close(self, now: float, *, code: int = NORMAL_CLOSURE, text: str = "") -> None:
        """Say goodbye; `Closed` follows when the peer has answered, gone, or used up `Config.close_timeout`."""
        if code != NORMAL_CLOSURE and code not in PRIVATE_CODES:
            raise UsageError(f"close code {code} cannot be sent: use 1000 or 3000 to 4999 (RFC 6455, 7.4)")
        if len(text.encode("utf-8", "surrogatepass")) > MAX_CLOSE_TEXT or not text.isprintable():
            raise UsageError("the text of a close frame is printable and at most 123 bytes of UTF-8")
        now = self._at(now)
        self._shut(now, code, text, "closed by us")

    def data_to_send(self) -> bytes:
        """What must go to the transport now; b"" when there is nothing."""
        data = self._socket.data_to_send()
        if data:
            self.stats.bytes_out += len(data)
        return data

    def next_event(self) -> Event | None:
        """The next event, in order, or None."""
        return self._events.popleft() if self._events else None

    def take_events(self) -> Sequence[Event]:
        """All events that are there, in order."""
        events, self._events = self._events, deque()
        return events

    # Time -------------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `handle_timeout` must be called next, or None."""
        return self._patience.shifted(self._due())

    def handle_timeout(self, now: float) -> None:
        """Time has passed; a call before `next_deadline()` changes nothing."""
        due = self.next_deadline()
        if due is None or now < due:
            return
        now = self._at(now)
        if self._patience.puts_off(due, now):
            return
        if self._phase_deadline is not None and self._phase_deadline <= now:
            self._phase_timed_out(now)
        if self._phase is not Phase.CLOSED:
            self._expire(now)
            self._release(now)
            self._keep_alive(now)

    def _at(self, now: float) -> float:
        self._now = max(self._now, now)
        return self._now

    def _due(self) -> float | None:
        if self._phase is Phase.READY:
            if not self._requests and not self._departures:
                return self._beat.due()  # nearly always, and asked for after every read
            return earliest(self._requests.next_deadline(), self._departures.next_deadline(), self._beat.due())
        if self._phase is Phase.NEW or self._phase is Phase.CLOSED:
            return None
        return earliest(self._phase_deadline, self._requests.next_deadline())

    def _phase_timed_out(self, now: float) -> None:
        where = f"{self._endpoint.host}:{self._endpoint.port}"
        self._is_deaf = True
        if self._socket.is_refusing:
            for item in self._socket.give_up():
                self._control(item, now)
        elif self._phase is Phase.UPGRADING:
            why = f"{where} did not answer the WebSocket upgrade within {self._config.open_timeout:g} s"
            self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text=why, error=ConnectFailed(why)))
        elif self._phase is Phase.OPENING:
            self._socket.close(GOING_AWAY)
            missing = (
                "answer the sign-in" if self._login.is_under_way else "send the challenge that the sign-in answers"
            )
            why = f"{where} did not {missing} within {self._config.login_timeout:g} s"
            self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text=why))
        else:
            self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text="closed by us; the peer did not answer the close"))

    # The line ---------------------------------------------------------------------------------------------------------

    def _keep_alive(self, now: float) -> None:
        beat = self._beat
        if self._phase is not Phase.READY or now < beat.due():
            return
        if beat.is_waiting:
            self._is_deaf = True
            self._socket.close(GOING_AWAY)
            why = f"no message within {self._config.ping_timeout:g} s after a ping; the line is dead"
            self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text=why))
            return
        ping, clock = self._dialect.ping, self._dialect.clock
        if ping is None:
            self._socket.send_ping()
        else:
            self._send_own(ping, now, Purpose.PING)
        if clock is not None and beat.asks_clock(now):
            self._send_own(clock, now, Purpose.CLOCK)
        self.stats.pings += 1
        beat.pinged(now)

    # Messages ---------------------------------------------------------------------------------------------------------

    def _message(self, payload: bytes, now: float) -> None:
        if self._phase is not Phase.READY and self._phase is not Phase.OPENING:
            return
        stats = self.stats
        stats.messages += 1
        self._beat.proved(now)
        try:
            payload = inflate(payload, self._config.max_message_bytes)
        except TooBig as error:
            self._socket.close(MESSAGE_TOO_BIG)
            self._end(now, CloseReason(code=MESSAGE_TOO_BIG, text=str(error)))
            return
        except PayloadError as error:
            stats.decode_failures += 1
            self._unrecognised(payload, str(error), concerns=ANYTHING)
            return
        inbound = self._dialect.decode(payload)
        events = self._events
        has_update = False
        for item in inbound:
            if isinstance(item, Update):
                has_update = True
                stamp(item, payload, now)
                events.append(item)
            elif type(item) is Answer:
                self._is_news = True
                self._answer(item, payload, now, has_update or any(isinstance(other, Update) for other in inbound))
                if self.wants_close:
                    return
            elif type(item) is Challenge:
                self._is_news = True
                self._challenged(item, payload, now)
            elif type(item) is Unrecognised:
                stats.unrecognised += 1
                stats.decode_failures += item.concerns is not None
                events.append(item)

    def _control(self, item: Received, now: float) -> None:
        match item:
            case Upgraded():
                self._advance(Step.UPGRADED)
                self._beat.start(now)
                self._phase_deadline = now + self._config.login_timeout
                self._begin_opening(now)
            case Pong():
                if self._dialect.ping is None:
                    if self._beat.is_waiting:
                        self.stats.ping_round_trip = now - self._beat.pinged_at
                    self._beat.proved(now)
            case Refused():
                where = f"{self._endpoint.host}:{self._endpoint.port}"
                error = HandshakeRefused(
                    f"{where} did not open a WebSocket: {item.why}",
                    status=item.status,
                    headers=item.headers,
                    body=item.body,
                )
                self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text=str(error), error=error))
            case PeerClosed():
                said = f": {quoted(item.text)}" if item.text else ""
                self._end(now, CloseReason(code=item.code, text=f"closed by the peer{said}"))
            case Broken():
                self._end(now, CloseReason(code=item.code, text=item.why))
            case Ended():
                ours = self._phase is Phase.CLOSING
                text = "closed by us" if ours else "the peer ended the connection without a close frame"
                self._end(now, CloseReason(code=NORMAL_CLOSURE if ours else ABNORMAL_CLOSURE, text=text))
            case bytes():
                self._message(item, now)

    def _unrecognised(self, payload: bytes, why: str, *, concerns: TopicKey | None = None) -> None:
        self.stats.unrecognised += 1
        self._events.append(Unrecognised(raw=payload, why=why, concerns=concerns))

    # The opening ------------------------------------------------------------------------------------------------------

    def _challenged(self, challenge: Challenge, payload: bytes, now: float) -> None:
        if not self._login.challenged(challenge.value):
            self._unrecognised(payload, "a second challenge on one connection; the first one stays")
        elif self._phase is Phase.OPENING and not self._login.is_under_way:
            self._begin_opening(now)

    def _begin_opening(self, now: float) -> None:
        try:
            has_begun = self._login.begin()
        except LoginRefused as error:
            self._login_failed(error, now)
            return
        if has_begun:
            self._next_opening(now)

    def _next_opening(self, now: float) -> None:
        command = self._login.command
        if command is not None:
            self._send_own(command, now, Purpose.OPENING)
            return
        self._phase_deadline = None
        self._advance(Step.OPENED)
        self._beat.texted(now)
        self._events.append(Ready())

    def _opening_answered(self, pending: Pending, answer: Answer, now: float) -> None:
        try:
            goes_on = self._login.answered(pending.command, answer)
        except LoginRefused as error:
            self._login_failed(error, now)
            return
        clock = self._dialect.clock
        if goes_on:
            self._next_opening(now)
        elif clock is not None:
            self._send_own(clock, now, Purpose.OPENING_CLOCK)

    def _login_failed(self, error: LoginRefused, now: float) -> None:
        self._events.append(LoginFailed(error=error))
        self._shut(now, NORMAL_CLOSURE, "", str(error))

    # Requests ---------------------------------------------------------------------------------------------------------

    def _send_own(self, command: Command[Any], now: float, purpose: Purpose) -> None:
        """A request of the connection itself: outside all limits."""
        self._ids.last += 1
        request_id = RequestId(self._ids.last)
        self._transmit(Pending(request_id, command, self._dialect.encode(command, request_id), purpose), now)

    def _transmit(self, pending: Pending, now: float) -> None:
        if pending.purpose is Purpose.CALLER:
            self._departures.take(pending, now)
        if self._socket.is_open:  # else the peer's Close came in the same read, and is the next thing to be handled
            self._socket.send_text(pending.outgoing.text)
        self._beat.texted(now)
        self._requests.sent(pending, now, self._sources.wall_time_ns(), self._timeout(pending))

    def _timeout(self, pending: Pending) -> float:
        """Seconds until its answer is waited for no more; the opening has a budget of its own."""
        if pending.purpose not in (Purpose.OPENING, Purpose.OPENING_CLOCK):
            return self._config.request_timeout
        part = OPTIONAL_PART if pending.outgoing.is_reply_optional else 1.0
        return self._config.login_timeout * part

    def _release(self, now: float) -> None:
        """Send what waits and may leave."""
        if self._phase is Phase.READY and self._departures.is_due(now):
            for pending in self._departures.release(now):
                self._transmit(pending, now)

    def _is_full(self) -> bool:
        """Whether as many calls wait as may; topic requests do not count."""
        if len(self._requests) + len(self._departures) < MAX_REQUESTS:
            return False
        return sum(not pending.is_paced for pending in (*self._requests, *self._departures)) >= MAX_REQUESTS

    def _expire(self, now: float) -> None:
        for pending in self._requests.expired(now):
            if pending.has_ended:
                self._requests.remove(pending)
            elif pending.outgoing.is_reply_optional:
                self._requests.remove(pending)
                self._went_unanswered(pending, now)
            elif pending.purpose is not Purpose.CALLER:
                self._requests.remove(pending)  # the line and the login have deadlines of their own
            else:
                self._timed_out(pending, now)

    def _went_unanswered(self, pending: Pending, now: float) -> None:
        """The venue may leave this one unanswered: that is success."""
        if pending.purpose is Purpose.CALLER:
            self._events.append(Replied(request_id=pending.request_id, command=pending.command, result=None))
        elif pending.purpose is Purpose.OPENING and self._phase is Phase.OPENING:
            self._login.went_unanswered()
            self._next_opening(now)

    def came_true(self, request_id: RequestId, now: float) -> None:
        """What this request asked for has begun: where an answer need not come, it is waited for no more."""
        pending = self._requests.find(request_id)
        if pending is not None and pending.outgoing.is_reply_optional:
            self._requests.remove(pending)
            self._went_unanswered(pending, now)

    def _timed_out(self, pending: Pending, now: float) -> None:
        self.stats.timeouts += 1
        self._requests.keep_place(pending, now + self._config.request_timeout)
        self._failed(pending, timed_out(pending, self._config.request_timeout))

    def _answer(self, answer: Answer, payload: bytes, now: float, beside_update: bool) -> None:
        pending = self._requests.match(answer.keys)
        if pending is None:
            if not beside_update and not answer.may_be_stray:
                self.stats.stray_answers += 1
                self._unrecognised(payload, "an answer to no request that waits")
            return
        if pending.has_ended:
            self.stats.stray_answers += 1
            return
        if pending.command == self._dialect.clock and answer.refusal is None:
            self._observe_clock(pending, answer)
        match pending.purpose:
            case Purpose.CALLER:
                self._caller_answered(pending, answer, payload, now, beside_update)
            case Purpose.OPENING:
                if self._phase is Phase.OPENING:
                    self._opening_answered(pending, answer, now)
            case Purpose.OPENING_CLOCK:
                if self._phase is Phase.OPENING:
                    self._begin_opening(now)
            case Purpose.PING:
                self.stats.ping_round_trip = now - pending.sent_at
            case Purpose.CLOCK:
                pass

    def _observe_clock(self, pending: Pending, answer: Answer) -> None:
        try:
            server_ms = pending.command.parse(answer.body)
        except PayloadError:
            return  # the caller's own parse reports it; for our own request, no time is no harm
        self.clock.observe(pending.sent_wall_ns, self._sources.wall_time_ns(), server_ms, self._now)

    def _caller_answered(
        self, pending: Pending, answer: Answer, payload: bytes, now: float, beside_update: bool
    ) -> None:
        request_id, command, refusal = pending.request_id, pending.command, answer.refusal
        if refusal is not None:
            if refusal.pause > 0:
                self._departures.pause(pending, now + refusal.pause)
            self._failed(pending, refused(pending, refusal))
            if refusal.ends_login and self._dialect.has_credentials:
                self._socket.close(GOING_AWAY)
                why = "the venue has forgotten the sign-in of this connection"
                self._end(now, CloseReason(code=ABNORMAL_CLOSURE, text=why))
            return
        try:
            result = command.parse(answer.body)
        except PayloadError as error:
            self._unrecognised(payload, f"the answer to {describe(command)} cannot be read: {error}")
            why = f"its answer cannot be read: {error}"
            self._failed(pending, error if pending.outgoing.may_wait else unknown(pending, why))
            return
        if isinstance(result, Update):
            stamp(result, payload, now)
            if not beside_update:
                self._events.append(result)
        self._events.append(Replied(request_id=request_id, command=command, result=result))

    def _failed(self, pending: Pending, error: Any) -> None:
        self._events.append(Failed(request_id=pending.request_id, command=pending.command, error=error))

    # The end ----------------------------------------------------------------------------------------------------------

    def _advance(self, step: Step) -> None:
        self._phase = PHASES[self._phase, step]

    def _shut(self, now: float, code: int, text: str, why: str) -> None:
        """Close from our side, with the peer given its time to answer."""
        if self._phase in (Phase.CLOSING, Phase.CLOSED):
            return
        if self._phase in (Phase.NEW, Phase.UPGRADING):
            self._is_deaf = True
            self._advance(Step.CLOSE)
            self._finish(CloseReason(code=code, text=why))
            return
        self._socket.close(code, text)
        self._advance(Step.CLOSE)
        self._phase_deadline = now + self._config.close_timeout

    def _end(self, now: float, reason: CloseReason) -> None:
        if self._phase is Phase.CLOSED:
            return
        self._is_deaf = self._is_deaf or self._phase is Phase.UPGRADING
        self._advance(Step.END)
        self._finish(reason)

    def _finish(self, reason: CloseReason) -> None:
        self._phase_deadline = None
        for pending in self._requests.take_all():
            if pending.purpose is Purpose.CALLER and not pending.has_ended and not pending.is_paced:
                self._failed(pending, unknown(pending, f"the connection was lost: {reason}"))
        for pending in self._departures.take_all():
            if not pending.is_paced:
                self._failed(pending, never_left(pending))
        self._events.append(Closed(reason=reason))
