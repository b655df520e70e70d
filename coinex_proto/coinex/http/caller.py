"""What becomes of one command over HTTP: wait for the rate limit, sign, send, read, and repeat where that is safe.

No I/O: `HttpCaller.request` is a generator that yields what to do (`Pause`, `Send`) and is sent what came of it (`Woken`,
`Reply`, `NoReply`). Two thin drivers run it, one under trio and one blocking. Only commands that change nothing are
ever repeated: an order, a cancel or a transfer is sent once, and if nobody knows what became of it the error says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, final

from attrs import field, frozen

from coinex_proto._connection.timeline import Timeline
from coinex_proto._connection.venue_clock import Clock
from coinex_proto._http.steps import LONGEST_PAUSE, NoReply, Pause, Reply, Send, Steps, Woken, asked_pause
from coinex_proto.coinex.credentials import Credentials
from coinex_proto.coinex.http._by_market_type.order import PutMultiOrder
from coinex_proto.coinex.http._parameters import MarketType, counted
from coinex_proto.coinex.http.answer import lost_after_sending, never_sent, parse
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.errors import HttpRefused
from coinex_proto.coinex.http.rate_limits import RateLimits
from coinex_proto.coinex.http.request import BASE_PATH, build
from coinex_proto.coinex.http.system import Time
from coinex_proto.coinex.http.trading.order_search import MARKET_TYPES, ResolvedOrder, resolve
from coinex_proto.coinex.http.trading.session_step import HttpCommands
from coinex_proto.config import Backoff, Sources
from coinex_proto.errors import SdkError, UsageError, quoted
from coinex_proto.orders.tracker import Orders
from coinex_proto.rows import unreadable_in

R = TypeVar("R")

_NS_IN_MS: Final = 10**6


@frozen(kw_only=True)
class HttpOptions:
    """How requests are signed and repeated."""

    base_path: str = BASE_PATH
    """Path of the base URL; it is part of what is signed."""
    host: str = "api.coinex.com"
    """For error messages."""
    window_ms: int | None = None
    """How old a signed request may be when it arrives; None: the venue's 5000."""
    retries: int = 3
    """How often a command that changes nothing is repeated."""
    backoff: Backoff = field(factory=lambda: Backoff(first=0.25, ceiling=5.0))

    def __attrs_post_init__(self) -> None:
        """Raises `UsageError` for a window or a number of retries that cannot be."""
        if self.window_ms is not None:
            counted(1)(self.window_ms, "window_ms")
        counted(0)(self.retries, "retries")


@final
class HttpCaller:
    """One account at one address: its rate limits, its clock, and the orders whose outcome is open."""

    def __init__(
        self,
        sources: Sources,
        credentials: Credentials | None = None,
        options: HttpOptions | None = None,
        *,
        clock: Clock | None = None,
        orders: Orders | None = None,
    ) -> None:
        """`clock` and `orders` may be those of a socket's session: both halves sign by one offset and know one tracker."""
        self.rate_limits: Final = RateLimits()
        self._sources = sources
        self._credentials = credentials
        self._options = options if options is not None else HttpOptions()
        self._clock = clock if clock is not None else Clock()
        self._timeline = Timeline(sources.wall_time_ns)
        self._steps = 0
        """Those of the wall clock that were dealt with."""
        self._must_sync = False
        self._now = -math.inf
        self._sent = (orders if orders is not None else Orders()).sent
        self.unreadable_fields: int = 0
        """Members of answers that are None because they could not be read; they stand in `extra` of their rows."""

    @property
    def clock_offset_ms(self) -> float:
        """The venue's clock minus ours, as far as it is known; 0.0 before it has been asked."""
        return self._clock.offset_ns / _NS_IN_MS

    def request(self, command: HttpCommand[R], now: float) -> Steps[R]:
        """The steps of one command; returns its result.

        Raises what `parse` raises, `HttpUnreachable` when nothing was sent, `HttpTimedOut`, `RateLimited` for an order
        that would have to wait, and `UsageError` when credentials are missing.
        """
        if not isinstance(command, HttpCommand):
            raise UsageError(f"an HTTP command was expected, for example spot.ListMarket(), not {quoted(command)}")
        if command.route.is_signed and self._credentials is None:
            raise UsageError(f"Authentication required: {command.route} needs credentials (access id and secret key)")
        self._note_steps(now)
        if self._must_sync and command.route.is_signed:
            now = yield from self.sync_clock(now)
        failures = 0
        while True:
            now = yield from self._permission(command, now)
            reply = yield from self._exchange(command, now)
            now = reply.now
            try:
                return self._result_of(command, reply)
            except SdkError as error:
                failures += 1
                asked = asked_pause(reply, error, self._sources.wall_time_ns() / 1e9)
                if asked > LONGEST_PAUSE or not self._may_repeat(command, error, failures):
                    raise
                clock_was_wrong = isinstance(error, HttpRefused) and error.is_clock
            if clock_was_wrong:
                now = yield from self.sync_clock(now)
            else:
                now = yield from _pause(max(self._delay(failures), asked))

    def _note_steps(self, now: float) -> None:
        """The wall clock was set, or the machine slept: what was measured of the venue's clock before is worth nothing."""
        self._timeline.at(now)
        if self._timeline.steps != self._steps:
            self._steps = self._timeline.steps
            self._must_sync = self._must_sync or self._clock.is_known
            self._clock.forget()

    def sync_clock(self, now: float) -> Steps[float]:
        """Asks the venue's time and corrects what is signed by at most five minutes; returns the new `now`."""
        self._must_sync = False
        query = Time()
        now = yield from self._permission(query, now)
        sent_ns = self._sources.wall_time_ns()
        reply = yield from self._exchange(query, now)
        received_ns = self._sources.wall_time_ns()
        try:
            answer = self._result_of(query, reply)
        except SdkError:
            self._must_sync = True
            raise
        self._clock.observe(sent_ns, received_ns, answer.timestamp, reply.now)
        return reply.now

    def resolve_order(
        self, client_id: str, now: float, *, market: str | None = None, market_type: MarketType | None = None
    ) -> Steps[ResolvedOrder]:
        """Looks for an order by its client id: open first, then among the latest 100 finished.

        Where the order was sent by this client, its market is remembered; otherwise name it, or all market types are
        searched.
        """
        sent = self._sent.get(client_id)
        if sent is not None:
            market = market or sent.market
        sent_as = None if sent is None else sent.market_type
        market_types = tuple(each for each in MARKET_TYPES if sent_as in (None, each))
        queries = resolve(client_id, market, market_types if market_type is None else (market_type,))
        verdict = yield from self.run(queries, now)
        if verdict.orders:
            self._sent.forget(client_id)
        return verdict

    def run(self, commands: HttpCommands[R], now: float) -> Steps[R]:
        """The steps of several commands, each yielded by a generator that is sent its result, or thrown its error.

        Returns what the generator returns. Closed in the middle, it closes the generator too.
        """
        try:
            command = next(commands)
            while True:
                try:
                    answer = yield from self.request(command, max(now, self._now))
                except SdkError as error:
                    command = commands.throw(error)
                else:
                    command = commands.send(answer)
        except StopIteration as stop:
            result: R = stop.value
            return result
        finally:
            commands.close()

    # One attempt ------------------------------------------------------------------------------------------------------

    def _permission(self, command: HttpCommand[Any], now: float) -> Steps[float]:
        while (seconds := self.rate_limits.take(command, now)) > 0:
            now = yield from _pause(seconds)
        return now

    def _exchange(self, command: HttpCommand[Any], now: float) -> Steps[Reply | NoReply]:
        request = build(
            command,
            self._credentials,
            self._timestamp_ms(),
            base_path=self._options.base_path,
            window_ms=self._options.window_ms,
        )
        # Noted before sending: a driver may be cancelled in between, and then nobody is left to note it.
        for client_id, market, market_type in _placed(command):
            self._sent.note(client_id, market, now, market_type)
        reply = yield Send(request)
        assert not isinstance(reply, Woken), "a driver answers Send with Reply or NoReply"
        self._now = max(self._now, reply.now)
        if isinstance(reply, Reply):
            self.rate_limits.note(command, reply.headers, reply.now)
        return reply

    def _result_of(self, command: HttpCommand[R], reply: Reply | NoReply) -> R:
        host = self._options.host
        if isinstance(reply, NoReply):
            if not reply.was_sent:
                self._forget(command)
                raise never_sent(command, reply.why, host=host)
            raise lost_after_sending(command, reply.why, host=host, timed_out=reply.timed_out)
        try:
            result = parse(command, reply.status, reply.body)
        except HttpRefused as refusal:
            self._note_refusal(command, refusal, reply)
            self._forget(command)
            raise
        self._forget(command)
        self.unreadable_fields += unreadable_in(result)
        return result

    def _note_refusal(self, command: HttpCommand[Any], refusal: HttpRefused, reply: Reply) -> None:
        if refusal.is_rate_limit:
            self.rate_limits.empty(command, reply.now)
        if refusal.is_clock:
            self._must_sync = True
            refusal.add_note(self._what_the_clocks_say(reply))

    def _what_the_clocks_say(self, reply: Reply) -> str:
        """For a person who wonders why a timestamp was refused: how far the two clocks are apart."""
        ours = self._sources.wall_time_ns() / 1e9
        theirs = _dated(reply.headers)
        measured, corrected = self._clock.offset_ns, self._clock.signing_offset_ns
        if measured != corrected:
            return (
                f"the exchange's clock was measured at {measured / 1e9:+.0f} s from this machine's, and no more than "
                f"{abs(corrected) / 1e9:.0f} s are corrected: set this machine's clock, which reads {ours:.0f} s since 1970"
            )
        if theirs is None:
            return f"this machine's clock reads {ours:.0f} s since 1970; sync_clock() measures the difference"
        return f"this machine's clock reads {ours:.0f} s since 1970, the answer is dated {theirs:.0f} ({theirs - ours:+.0f} s)"

    def _forget(self, command: HttpCommand[Any]) -> None:
        for client_id, _, _ in _placed(command):
            self._sent.forget(client_id)

    def _timestamp_ms(self) -> int:
        return (self._sources.wall_time_ns() + self._clock.signing_offset_ns) // _NS_IN_MS

    def _may_repeat(self, command: HttpCommand[Any], error: SdkError, failures: int) -> bool:
        if command.route.changes_something or failures > self._options.retries:
            return False
        if isinstance(error, HttpRefused) and error.is_clock:
            return failures == 1
        return bool(getattr(error, "retryable", False))

    def _delay(self, failures: int) -> float:
        share = int.from_bytes(self._sources.random_bytes(2), "big") / 0xFFFF
        return self._options.backoff.step(failures) * (0.1 + 0.9 * share)


def _pause(seconds: float) -> Steps[float]:
    reply = yield Pause(seconds)
    return reply.now


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE: Final = re.compile(r"\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII)
"""RFC 9110 section 5.6.7, the one form that servers write."""


def _dated(headers: tuple[tuple[str, str], ...]) -> float | None:
    """The Date header in Unix seconds, where there is a readable one."""
    dates = [_DATE.fullmatch(value) for name, value in headers if name.lower() == "date"]
    if not dates or dates[0] is None or dates[0][2] not in _MONTHS:
        return None
    day, _, year, hour, minute, second = dates[0].groups()
    try:
        date = datetime(
            int(year), _MONTHS.index(dates[0][2]) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return date.timestamp()


_PLACING_PATHS: Final[Mapping[str, MarketType]] = {
    "/spot/order": "SPOT",
    "/futures/order": "FUTURES",
    "/futures/close-position": "FUTURES",
}


def _placed(command: HttpCommand[Any]) -> tuple[tuple[str, str, MarketType], ...]:
    """Client id, market and market type of each order that a command places."""
    if isinstance(command, PutMultiOrder):
        return tuple(placed for each in command.orders for placed in _placed(each))
    route = command.route
    if route.method != "POST" or route.path not in _PLACING_PATHS:
        return ()
    sent = command.parameters()
    client_id, market, market_type = sent.get("client_id"), sent.get("market"), sent.get("market_type")
    if not isinstance(client_id, str) or not isinstance(market, str):
        return ()
    is_margin = market_type == "MARGIN"
    return ((client_id, market, "MARGIN" if is_margin else _PLACING_PATHS[route.path]),)
