"""One WebSocket connection to a venue, from the upgrade request to closed, without I/O.

Bytes and times go in; bytes, events and the next deadline come out. A connection lives once. It delivers every update it
can decode; what is wanted, books and reconnects are `Session`'s. Nothing the peer does makes a method raise. This module
must not know any venue: all of that is behind `Dialect`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.close_reasons import (
    GOING_AWAY,
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    abnormal,
    ended,
    never_opened,
    upgrade_refused,
)
from coinex_proto._connection.heartbeat import Heartbeat
from coinex_proto._connection.late_timers import LateTimers, earliest
from coinex_proto._connection.pending import Pending, Purpose
from coinex_proto._connection.requests import RequestIds, Requests
from coinex_proto._connection.sign_in import SignIn
from coinex_proto._connection.timeline import Timeline
from coinex_proto._connection.unreadable import UnreadableInARow, is_strange, is_unreadable
from coinex_proto._connection.venue_clock import Clock
from coinex_proto._wire.framing import NORMAL_CLOSURE, check_own_close
from coinex_proto._wire.inflate import TooBig, inflate
from coinex_proto._wire.websocket import Broken, Ended, PeerClosed, Pong, Received, Refused, Upgraded, WebSocket
from coinex_proto.checks import check_command
from coinex_proto.commands import Command, describe
from coinex_proto.config import Config, Endpoint, Sources
from coinex_proto.decoding import check_count
from coinex_proto.dialect import (
    Answer,
    Challenge,
    Dialect,
    Enclosed,
    HasPlainPushes,
    Inbound,
    Interrupted,
    Mended,
    SendNow,
)
from coinex_proto.errors import (
    LoginRefused,
    NotReady,
    PayloadError,
    UsageError,
)
from coinex_proto.events import Closed, CloseReason, LoginFailed, Ready, Unrecognised
from coinex_proto.ids import ANYTHING, RequestId, TopicKey
from coinex_proto.phases import PHASES, Phase, Step
from coinex_proto.speedups import speed
from coinex_proto.statistics import Statistics
from coinex_proto.updates import Event, Update, stamp, stamp_all

R = TypeVar("R")

_read_plain: Final[Any] = None if speed is None else speed.read
DOUBTED: Final = (
    "the machine may have slept, or the program was busy for long; the connection is asked whether it still stands"
)
FEW_BYTES: Final = 1024
"""A message of no more than this is not worth counting, whatever `max_message_values` says."""
MAX_STRANGE: Final = 10_000
"""Messages in a row of which nothing was understood, though they could be read; with `max_unreadable=None` no number is too many."""
REFUSAL_TIMEOUT: Final = 1.0
"""Seconds for the body of a refusal, once its head is in."""


def plain_pushes(dialect: Dialect) -> Mapping[str, Any]:
    """What the extension reads many of in one call; empty without the extension, and for a dialect that has none."""
    return dialect.plain_pushes if speed is not None and isinstance(dialect, HasPlainPushes) else {}


class Connection:
    """One socket's protocol. See DESIGN: after any call, send `data_to_send()`, take `next_event()`, look at `next_deadline()`.

    All times are seconds on one clock that never goes back.
    """

    on_inflated: Callable[[bytes], object] | None = None
    """Gets each compressed message, and then what it holds, before anything is made of it: for a recording."""

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
        agenda: Agenda | None = None,
        timeline: Timeline | None = None,
        inflate: Callable[[bytes, int], bytes] = inflate,
    ) -> None:
        """The keyword arguments are what a session shares between its connections; alone, a connection makes its own."""
        self.inflate: Callable[[bytes, int], bytes] = inflate
        """A payload, and what it may hold at most, to what it holds."""
        self._dialect = dialect
        self._sources = sources
        self._config = config
        self._endpoint = endpoint if endpoint is not None else dialect.endpoint
        self._where = f"{self._endpoint.host}:{self._endpoint.port}"
        self.clock: Clock = clock if clock is not None else Clock()
        self.stats: Statistics = stats if stats is not None else Statistics()
        self._socket = WebSocket(
            host=self._endpoint.host,
            port=self._endpoint.port,
            tls=self._endpoint.tls,
            target=self._endpoint.target,
            headers=self._endpoint.headers,
            max_message_bytes=config.max_message_bytes,
            random_bytes=sources.random_bytes,
        )
        self._agenda = agenda if agenda is not None else Agenda()
        self._timeline = timeline if timeline is not None else Timeline(sources.wall_time_ns)
        self.phase: Phase = Phase.NEW
        """Where the connection stands; to be read only."""
        self._now = 0.0
        self._events: deque[Event] = deque()
        self._late_timers = LateTimers()
        self._sign_in = SignIn(dialect, sources, self.clock, self._endpoint)
        self.heartbeat: Heartbeat = Heartbeat(config, answers=dialect.ping is not None)
        """When the peer has proved that it is there; to be read only."""
        self._requests = Requests(
            dialect,
            sources,
            config,
            ids=request_ids if request_ids is not None else RequestIds(),
            clock=self.clock,
            stats=self.stats,
            socket=self._socket,
            heartbeat=self.heartbeat,
            events=self._events,
            agenda=self._agenda,
            timeline=self._timeline,
        )
        self._phase_deadline: float | None = None
        self._is_deaf = False
        self._echo = b""
        """What the answer to the last ping must carry; empty: it does not matter."""
        self._close_code = NORMAL_CLOSURE
        """Of our own Close, once it is said."""
        self._unreadable = UnreadableInARow(config.max_unreadable)
        self._plain = plain_pushes(dialect)
        """What the extension reads many of in one call."""
        self._strange = UnreadableInARow(None if config.max_unreadable is None else MAX_STRANGE)

    # What a caller sees -----------------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Requests that have left and have not ended."""
        return len(self._requests.pending)

    @property
    def wants_close(self) -> bool:
        """True: flush `data_to_send()`, then close the transport."""
        return self.phase is Phase.CLOSED

    @property
    def is_deaf(self) -> bool:
        """True beside `wants_close`: there is no goodbye to wait for, after a time-out or before the upgrade."""
        return self._is_deaf

    @property
    def is_between_messages(self) -> bool:
        """Nothing is half said, in either direction: where a recording may begin anew."""
        return self._socket.is_between_messages

    @property
    def last_proof_at(self) -> float:
        """When the peer last proved that it is there: a whole message, or a pong."""
        return self.heartbeat.last_proof_at

    @property
    def is_doubted(self) -> bool:
        """More time has passed than the peer may have outlived, and the ping after it is not answered yet."""
        return self.heartbeat.doubted_at is not None

    # Inputs -----------------------------------------------------------------------------------------------------------

    def start(self, now: float, *, since: float | None = None) -> None:
        """The transport is there; `since` is when opening it began (the open time-out is one budget for both)."""
        if self.phase is not Phase.NEW:
            raise UsageError("a connection is started once; make a new one for the next socket")
        self._now = now
        for item in (Item.ANSWER, Item.SEND_QUEUE):
            self._agenda.take(item)  # of the connection before
        self.heartbeat.start(now)
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
        if self.phase is Phase.NEW:
            raise UsageError("start() comes before receive_data()")
        if self.phase is Phase.CLOSED:
            return
        if now > self._now:
            self._now = now
        now = self._now
        self.stats.bytes_in += len(data)
        at_once, received_at = self._agenda.at_once, self._timeline.stamp(now)
        received = self._socket.receive_part(data)
        at, end = 0, len(received)
        while at < end:
            if self._plain and not at_once:
                at += self._take_plain(received, at, now, received_at)
                if at == end:
                    break
            item = received[at]
            at += 1
            if type(item) is bytes:
                self._message(item, now, received_at)
            else:
                self._control(item, now)
                self._agenda.add(Item.ANSWER)
            if at_once and self._agenda.take(Item.ANSWER):
                self._release(now)
                yield
        if self._socket.ending is not None:
            yield  # what came before the end may still be answered
            for item in self._socket.receive_end():
                self._control(item, now)
        if self._phase_deadline is not None and self._socket.is_refusing:
            self._phase_deadline = min(self._phase_deadline, now + REFUSAL_TIMEOUT)

    def receive_eof(self, now: float, why: str = "") -> None:
        """The peer will send no more; `why` is what the transport says of it, for the text of `Closed`."""
        if self.phase is Phase.NEW:
            raise UsageError("start() comes before receive_eof()")
        if self.phase is Phase.CLOSED:
            return
        now = self._at(now)
        for item in self._socket.receive_eof():
            if type(item) is Ended and why and self.phase is not Phase.CLOSING:
                self._end(now, abnormal(f"the connection was lost: {why}"))
            elif not isinstance(item, bytes):
                self._control(item, now)

    def send(self, command: Command[R], now: float) -> RequestId:
        """Send a command; its id comes back in exactly one `Replied` or `Failed`.

        Raises `NotReady` while the connection is not ready, or when the command trades and the venue's rate limit is
        used up; `UsageError` when the venue cannot be asked so, or 1,024 requests wait already. Nothing has changed then.
        """
        check_command(command)
        if self.is_doubted:
            raise NotReady(f"{describe(command)} was not sent: {DOUBTED}")
        return self.submit(command, now, is_topic_request=False)

    def submit(self, command: Command[R], now: float, *, is_topic_request: bool) -> RequestId:
        """As `send`; `is_paced` tells topic requests of a session.

        They keep to `Config.requests_per_second` as well, and end without an event when the connection ends: the session
        asks anew on the next one.
        """
        if command.is_private and not self._dialect.has_credentials:
            raise UsageError(f"Authentication required: {describe(command)} needs credentials for {self._dialect.name}")
        if self.phase is not Phase.READY:
            raise NotReady(f"{describe(command)} was not sent: the connection is {self.phase.value}, not ready")
        now = max(self._now, now)
        request_id = self._requests.submit(command, now, is_topic_request=is_topic_request)
        self._now = now
        return request_id

    def close(self, now: float, *, code: int = NORMAL_CLOSURE, text: str = "") -> None:
        """Say goodbye; `Closed` follows when the peer has answered, gone, or used up `Config.close_timeout`."""
        check_own_close(code, text)
        now = self._at(now)
        self._shut(now, code, text, "closed by us")

    def doubt(self, now: float, *, clock_was_set: bool) -> None:
        """More time has passed than the peer may have outlived: what comes now may have been sent long ago.

        A ping leaves at once, and no request before it is answered. `clock_was_set`: perhaps the wall clock was.
        """
        if self.phase in (Phase.NEW, Phase.CLOSING, Phase.CLOSED):
            return
        now = self._at(now)
        self.heartbeat.doubted(now)
        if clock_was_set:
            self.heartbeat.clock_was_set()
        if self.phase is Phase.READY:
            self._ping(now)

    def probe(self, now: float) -> None:
        """A ping leaves at once: after its answer, all has come that the peer sent before (`heartbeat.fresh_at`)."""
        if self.phase is Phase.READY:
            self._ping(self._at(now), is_probe=True)

    def sign_in_lost(self, now: float, why: str) -> None:
        """The venue does not know any more who we are: this connection is of no more use."""
        if self.phase not in (Phase.NEW, Phase.CLOSED):
            self._socket.close(GOING_AWAY)
            self._end(self._at(now), abnormal(why))

    def clock_was_set(self) -> None:
        """Our wall clock was set: the venue's is to be asked anew."""
        self.heartbeat.clock_was_set()

    def data_to_send(self) -> bytes:
        """What must go to the transport now; b"" when there is nothing."""
        if not self._socket.out:
            return b""  # nearly always, and asked for after every read
        data = self._socket.data_to_send()
        self.stats.bytes_out += len(data)
        return data

    def next_event(self) -> Event | None:
        """The next event, in order, or None."""
        return self._events.popleft() if self._events else None

    @property
    def has_events(self) -> bool:
        """Whether there is one."""
        return bool(self._events)

    def take_events(self) -> Sequence[Event]:
        """All events that are there, in order."""
        events = tuple(self._events)
        self._events.clear()
        return events

    # Time -------------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When `handle_timeout` must be called next, or None."""
        if self.phase is Phase.READY and self._late_timers.until is None and self._requests.is_idle:
            return self.heartbeat.due()  # nearly always, and asked for after every read
        return self._late_timers.shifted(self._due())

    def handle_timeout(self, now: float) -> None:
        """Time has passed; a call before `next_deadline()` changes nothing."""
        due = self.next_deadline()
        if due is None or now < due:
            return
        now = self._at(now)
        if self._late_timers.puts_off(due, now):
            return
        if self._phase_deadline is not None and self._phase_deadline <= now:
            self._phase_timed_out(now)
        if self.phase is not Phase.CLOSED:
            for _ in self._requests.expire(now):
                self._pass_over(now)
            self._release(now)
            self._keep_alive(now)

    def _at(self, now: float) -> float:
        if now > self._now:
            self._now = now
        return self._now

    def _due(self) -> float | None:
        if self.phase is Phase.READY:
            send_at = None if self.is_doubted else self._requests.next_send_at()
            return earliest(self._requests.next_expiry(), send_at, self.heartbeat.due())
        if self.phase is Phase.NEW or self.phase is Phase.CLOSED:
            return None
        return earliest(self._phase_deadline, self._requests.next_expiry())

    def _phase_timed_out(self, now: float) -> None:
        self._is_deaf = True
        if self._socket.is_refusing:
            for item in self._socket.give_up():
                self._control(item, now)
        elif self.phase is Phase.UPGRADING:
            why = f"{self._where} did not answer the WebSocket upgrade within {self._config.open_timeout:g} s"
            self._end(now, never_opened(why))
        elif self.phase is Phase.OPENING:
            self._socket.close(GOING_AWAY)
            missing = (
                "answer the sign-in" if self._sign_in.is_under_way else "send the challenge that the sign-in answers"
            )
            why = f"{self._where} did not {missing} within {self._config.login_timeout:g} s"
            self._end(now, abnormal(why))
        else:
            self._end(now, abnormal("closed by us; the peer did not answer the close"))

    # Keeping alive ----------------------------------------------------------------------------------------------------

    def _keep_alive(self, now: float) -> None:
        heartbeat = self.heartbeat
        if self.phase is not Phase.READY or now < heartbeat.due():
            return
        if heartbeat.is_waiting:
            self._is_deaf = True
            self._socket.close(GOING_AWAY)
            why = f"no message within {self._config.ping_timeout:g} s after a ping; the line is dead"
            if heartbeat.is_stale():
                why = "two pings were not answered; the data that comes is old"
            self._end(now, abnormal(why))
            return
        self._ping(now)

    def _ping(self, now: float, *, is_probe: bool = False) -> None:
        heartbeat = self.heartbeat
        ping, clock = self._dialect.ping, self._dialect.clock
        if ping is None:
            # An echo tells the answer to this ping from one to an earlier ping, where that makes a difference.
            self._echo = b"%d" % self.stats.pings if is_probe or heartbeat.doubted_at is not None else b""
            self._socket.send_ping(self._echo)
        else:
            self._requests.send_own(ping, now, Purpose.PING)
        if clock is not None and heartbeat.asks_clock(now):
            self._requests.send_own(clock, now, Purpose.CLOCK)
        self.stats.pings += 1
        heartbeat.pinged(now)

    # Messages ---------------------------------------------------------------------------------------------------------

    def _message(self, payload: bytes, now: float, received_at: float) -> None:
        if self.phase is not Phase.READY and self.phase is not Phase.OPENING:
            return
        stats = self.stats
        stats.messages += 1
        self.heartbeat.proved(now)
        try:
            member, payload = payload, self.inflate(payload, self._config.max_message_bytes)
            if (noted := self.on_inflated) is not None and payload is not member:
                noted(member)
                noted(payload)
            if len(payload) > FEW_BYTES:
                check_count(payload, self._config.max_message_values)
            inbound = self._dialect.decode(payload)
        except (TooBig, MemoryError) as error:
            self._socket.close(MESSAGE_TOO_BIG)
            why = str(error) or f"there is no memory for a message of {len(payload)} bytes"
            self._end(now, CloseReason(code=MESSAGE_TOO_BIG, text=why))
            return
        except PayloadError as error:
            stats.decode_failures += 1
            self._unrecognised(payload, str(error), concerns=ANYTHING)
            self._count_unreadable(now)
            return
        events = self._events
        if type(inbound) is tuple and stamp_all(inbound, payload, received_at):  # nearly always
            events.extend(inbound)
            if inbound and self._requests.pending.optional:
                self._agenda.add(Item.ANSWER)  # it may be what was asked for: the answer need not come
            return
        self._mixed(inbound, payload, received_at, now)

    def _take_plain(self, received: list[Received], at: int, now: float, received_at: float) -> int:
        """Take in plain pushes from `at` on, all in one call of the extension, and say how many there were."""
        config = self._config
        if self.phase is not Phase.READY or self._requests.pending.optional or self.inflate is not inflate:
            return 0
        found: list[Update] = []
        most = -1 if config.max_message_values is None else config.max_message_values
        limit, noted = config.max_message_bytes, self.on_inflated
        taken: int = _read_plain(received, at, self._plain, limit, most, received_at, found, noted)
        if taken:
            self.stats.messages += taken
            self.heartbeat.proved(now)
            self._events.extend(found)
        return taken

    def _mixed(self, inbound: Sequence[Inbound], payload: bytes, received_at: float, now: float) -> None:
        """What one message holds, where that is more than updates."""
        if type(inbound) is Mended:
            self.stats.unreadable_fields += inbound.left_out
        elif type(inbound) is Enclosed:
            payload = inbound.payload
        events = self._events
        has_update = any(isinstance(item, Update) for item in inbound)
        for item in inbound:
            if isinstance(item, Update):
                stamp(item, payload, received_at)
                events.append(item)
            elif type(item) is Answer:
                self._agenda.add(Item.ANSWER)
                self._answer(item, payload, now, has_update)
                if self.wants_close:
                    return
            elif type(item) is Challenge or type(item) is SendNow:
                self._agenda.add(Item.ANSWER)
                self._asked(item, payload, now)
            elif type(item) is Unrecognised:
                self._take_unrecognised(item, inbound, now)
            elif type(item) is Interrupted:
                events.append(item)
        if has_update and self._requests.pending.optional:
            self._agenda.add(Item.ANSWER)

    def _asked(self, question: Challenge | SendNow, payload: bytes, now: float) -> None:
        if isinstance(question, Challenge):
            self._challenged(question, payload, now)
        else:
            self._requests.send_now(question.command, payload, now)

    def _take_unrecognised(self, item: Unrecognised, inbound: Sequence[Inbound], now: float) -> None:
        self.stats.unrecognised += 1
        self.stats.decode_failures += item.concerns is not None
        self._events.append(item)
        if item is not inbound[-1]:
            return
        if is_unreadable(inbound):
            self._count_unreadable(now)
        elif is_strange(inbound) and (in_a_row := self._strange.count(self.stats.messages)) is not None:
            self._end_senseless(f"nothing was understood of {in_a_row} messages in a row", now)

    def _count_unreadable(self, now: float) -> None:
        in_a_row = self._unreadable.count(self.stats.messages)
        if in_a_row is not None:
            self._end_senseless(f"{in_a_row} messages in a row could not be read", now)

    def _end_senseless(self, why: str, now: float) -> None:
        self._socket.close(INVALID_PAYLOAD)
        self._end(now, CloseReason(code=INVALID_PAYLOAD, text=f"closed by us: {why}"))

    def _control(self, item: Received, now: float) -> None:
        match item:
            case Upgraded():
                self._advance(Step.UPGRADED)
                self.heartbeat.start(now)
                self._phase_deadline = now + self._config.login_timeout
                self._begin_opening(now)
            case Pong():
                if self._dialect.ping is None:
                    self._ponged(item, now)
            case Refused():
                self._end(now, upgrade_refused(item, self._where))
            case PeerClosed() | Broken() | Ended():
                self._end(now, ended(item, is_ours=self.phase is Phase.CLOSING, sent=self._close_code))
            case bytes():
                self._message(item, now, self._timeline.stamp(now))

    def _ponged(self, pong: Pong, now: float) -> None:
        heartbeat = self.heartbeat
        if self._echo and pong.payload != self._echo:
            return  # it answers a ping of before
        if heartbeat.is_waiting:
            self.stats.ping_round_trip = now - heartbeat.pinged_at
        heartbeat.answered(heartbeat.pinged_at, now)
        self._agenda.add(Item.SEND_QUEUE)

    def _unrecognised(self, payload: bytes, why: str, *, concerns: TopicKey | None = None) -> None:
        self.stats.unrecognised += 1
        self._events.append(Unrecognised(raw=payload, why=why, concerns=concerns))

    # The opening ------------------------------------------------------------------------------------------------------

    def _challenged(self, challenge: Challenge, payload: bytes, now: float) -> None:
        if not self._sign_in.challenged(challenge.value):
            self._unrecognised(payload, "a second challenge on one connection; the first one stays")
        elif self.phase is Phase.OPENING and not self._sign_in.is_under_way:
            self._begin_opening(now)

    def _begin_opening(self, now: float) -> None:
        try:
            has_begun = self._sign_in.begin()
        except LoginRefused as error:
            self._login_failed(error, now)
            return
        if has_begun:
            self._next_opening(now)

    def _next_opening(self, now: float) -> None:
        command = self._sign_in.command
        if command is not None:
            self._requests.send_own(command, now, Purpose.OPENING)
            return
        self._phase_deadline = None
        self._advance(Step.OPENED)
        self.heartbeat.texted(now)
        self._events.append(Ready())
        if self.is_doubted:
            self._ping(now)

    def _opening_answered(self, pending: Pending, answer: Answer, now: float) -> None:
        try:
            goes_on = self._sign_in.answered(answer)
        except LoginRefused as error:
            self._login_failed(error.with_traceback(None), now)  # the frame of this function has the login request
            return
        clock = self._dialect.clock
        if goes_on:
            self._next_opening(now)
        elif clock is not None:
            self._requests.send_own(clock, now, Purpose.OPENING_CLOCK)

    def _pass_over(self, now: float) -> None:
        """The opening goes on without the answer to its last command."""
        if self.phase is Phase.OPENING:
            self._sign_in.went_unanswered()
            self._next_opening(now)

    def _login_failed(self, error: LoginRefused, now: float) -> None:
        self._events.append(LoginFailed(error=error))
        self._shut(now, NORMAL_CLOSURE, "", str(error))

    # Requests ---------------------------------------------------------------------------------------------------------

    def _release(self, now: float) -> None:
        if self.phase is Phase.READY and not self.is_doubted:
            self._requests.release(now)

    def confirm_started(self, request_id: RequestId, now: float) -> None:
        """What this request asked for has begun: where an answer need not come, it is waited for no more."""
        if self._requests.confirm_started(request_id):
            self._pass_over(now)

    def _answer(self, answer: Answer, payload: bytes, now: float, beside_update: bool) -> None:
        pending = self._requests.match(answer, payload, now, beside_update=beside_update)
        if pending is None:
            return
        match pending.purpose:
            case Purpose.CALLER:
                self._requests.finish(pending, answer, payload, now, beside_update=beside_update)
                self._note_forgotten_sign_in(answer, now)
            case Purpose.OPENING:
                if self.phase is Phase.OPENING:
                    self._opening_answered(pending, answer, now)
            case Purpose.OPENING_CLOCK:
                if self.phase is Phase.OPENING:
                    self._begin_opening(now)
            case Purpose.PING:
                self.stats.ping_round_trip = now - pending.sent_at
                if self.heartbeat.answered(pending.sent_at, now):
                    self._agenda.add(Item.SEND_QUEUE)
            case Purpose.CLOCK | Purpose.SERVER:
                pass

    def _note_forgotten_sign_in(self, answer: Answer, now: float) -> None:
        """A refusal may say that the venue has forgotten who we are: then this connection is of no more use."""
        if answer.refusal is not None and answer.refusal.ends_login and self._dialect.has_credentials:
            self.sign_in_lost(now, "the venue has forgotten the sign-in of this connection")

    # The end ----------------------------------------------------------------------------------------------------------

    def _advance(self, step: Step) -> None:
        self.phase = PHASES[self.phase, step]

    def _shut(self, now: float, code: int, text: str, why: str) -> None:
        """Close from our side, with the peer given its time to answer."""
        if self.phase in (Phase.CLOSING, Phase.CLOSED):
            return
        if self.phase in (Phase.NEW, Phase.UPGRADING):
            self._is_deaf = True
            self._advance(Step.CLOSE)
            self._finish(CloseReason(code=code, text=why))
            return
        self._socket.close(code, text)
        self._close_code = code
        self._advance(Step.CLOSE)
        self._phase_deadline = now + self._config.close_timeout

    def _end(self, now: float, reason: CloseReason) -> None:
        if self.phase is Phase.CLOSED:
            return
        self._is_deaf = self._is_deaf or self.phase is Phase.UPGRADING
        self._advance(Step.END)
        self._finish(reason)

    def _finish(self, reason: CloseReason) -> None:
        self._phase_deadline = None
        self._requests.lose(reason)
        self._events.append(Closed(reason=reason))
