"""What every server half is, whatever its venue: connections, virtual time, faults, and what a test makes happen.

A host calls `accept` for each TCP connection, feeds it, sends what `take_ready()` connections have to say, and calls
`advance(now)` at `next_deadline()` or later.  `now` is Unix time in seconds that never goes back; nothing here reads a
clock.  Same seed and same input: same bytes.

A venue extends it as its facade extends a client: it adds its sockets and feeds, and says what is due when.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import ClassVar, Generic, TypeVar

from coinex_proto.simulator.hosting.connection import Ending, ServerConnection
from coinex_proto.simulator.hosting.connections import ConnectionKeeper
from coinex_proto.simulator.hosting.control import ControlSocket
from coinex_proto.simulator.hosting.fault_runner import FaultRunner, Perform
from coinex_proto.simulator.hosting.faults import Fault, FaultPlan, parse_fault, parse_faults
from coinex_proto.simulator.hosting.waking import Waking
from coinex_proto.simulator.market.amounts import to_scaled
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.marks import funding_times
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.traders import Crowds, CrowdSettings

Number = str | int | Decimal
Code = TypeVar("Code", int, str)
"""What the venue's error codes and order ids are."""


class VenueServer(ConnectionKeeper, Generic[Code]):
    """One exchange with its connections and one account, `owner`."""

    half_frame: ClassVar[bytes]
    """The last bytes of a connection that breaks in mid-frame."""
    owner: int

    def __init__(
        self,
        exchange: Exchange,
        *,
        now: float,
        seed: int | str,
        crowd: CrowdSettings,
        faults: str | Sequence[Fault],
        answers_pings: bool,
        answers_close: bool,
        max_request_bytes: int,
    ) -> None:
        super().__init__(
            now, answers_pings=answers_pings, answers_close=answers_close, max_request_bytes=max_request_bytes
        )
        self.exchange = exchange
        self._usually_answers_pings = answers_pings
        self.connection_life: float = math.inf
        """Seconds after which a connection is cut, however lively it is."""
        self.has_one_sign_in: bool = False
        """Each sign-in ends the connections that have signed in before it."""
        self._signed_in: dict[ServerConnection, int] = {}
        self.crowds: Crowds = Crowds(exchange, crowd, seed, self._woken)
        self._waking = Waking(exchange.markets, self._wake)
        self._refusals: dict[str, list[Code]] = {}
        parsed = parse_faults(faults) if isinstance(faults, str) else tuple(faults)
        self._faults = FaultRunner(self, FaultPlan(parsed, now=now, seed=seed), self.half_frame)
        self._funding_at = self._next_funding()
        self._others_at = math.inf
        """When the next thing is due besides the crowds, at the last look."""

    # what a host needs

    def accept(self, now: float) -> ServerConnection:
        """A new TCP connection."""
        connection = super().accept(now)
        connection.ends_at = now + self.connection_life
        self.wake_at(connection.next_at(self.idle_limit))
        return connection

    def next_deadline(self) -> float | None:
        """When `advance` has something to do; None while nothing at all is going on."""
        at = self._next_at()
        return None if at == math.inf else at

    def relieve(self, now: float) -> None:
        """The machine cannot keep up: what the random traders have missed until now is left out.

        A venue with pushes by the clock has those that are overdue come once.
        """
        self.crowds.leave_out(now)
        self._waking.relieve(now)

    def advance(self, now: float) -> None:
        """Let everything happen that is due until now, each thing at its own time."""
        while (at := self._next_at()) <= now:
            self._set_clock(at)
            self._step(at)
        self._set_clock(now)

    def advance_to_output(self, until: float) -> float:
        """The same, but no further than to where somebody has something to send.  Returns that time, or `until`."""
        while not self._ready and (at := self._next_at()) <= until and at != math.inf:
            self._set_clock(at)
            self._step(at)
        if self._ready:
            return self.now
        if until != math.inf:
            self._set_clock(until)
        return until

    # what a test does

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1") -> None:
        """Make the book one bid and one ask, exactly; orders that cross are traded away first, and the crowd leaves."""
        self._quote(self._market(market), bid, ask, size)

    def trade(self, market: str, side: Side, amount: Number) -> None:
        """Let a stranger trade at the market.  Raises OrderRefused when nobody stands on the other side."""
        self._trade(self._market(market), side, amount)

    def place(self, market: str, side: Side, price: Number, amount: Number) -> Order:
        """Place a limit order of the account, as another program of its owner would."""
        return self._place(self._market(market), side, price, amount)

    def fill(self, order: Order | Code, amount: Number | None = None) -> None:
        """Fill an order of the account, all of it or so much."""
        found = order if isinstance(order, Order) else self._find(order)
        places = self.exchange.markets[found.market].spec.amount_places
        self.exchange.fill(found, found.left if amount is None else to_scaled(amount, places))

    def orders(self, market: str | None = None) -> tuple[Order, ...]:
        """Open orders of the account, oldest first."""
        return tuple(self.exchange.open_orders(self.owner, market))

    def drop(self, how: Ending = "rst") -> None:
        """Break every WebSocket connection."""
        for connection in self.sockets():
            connection.end(how)

    def stall(self, seconds: float) -> None:
        """Freeze every open connection: nothing is read or written for so long, then all of it."""
        for connection in self.connections:
            if not isinstance(connection.service, ControlSocket):
                connection.stall(self.now + seconds)
        self.wake_at(self.now + seconds)

    def refuse(self, method: str, code: Code, times: int = 1) -> None:
        """Answer the next requests of this method with this code, and do not carry them out."""
        self._refusals.setdefault(method, []).extend([code] * times)

    @abstractmethod
    def skew_clock(self, seconds: float) -> None:
        """Set the server's idea of the time so far ahead (or back) of the truth."""

    def inject(self, fault: str | Fault) -> None:
        """Add one more fault, an object or a line of the fault language, counted from now."""
        self._faults.plan.add(parse_fault(fault) if isinstance(fault, str) else fault, self.now)

    def end_faults(self) -> None:
        """No fault is due any more, the clock is right and every market trades; what has broken stays broken."""
        self._faults.plan = FaultPlan((), now=self.now, seed="")
        self.answers_pings: bool = self._usually_answers_pings
        self.has_one_sign_in = False
        self.limit_lives(math.inf)
        self.skew_clock(0.0)
        self.resume()

    def limit_lives(self, seconds: float) -> None:
        """Cut each connection so long after it began."""
        self.connection_life = seconds
        for connection in self.connections:
            connection.ends_at = connection.opened_at + seconds
        self.wake_at(self.now)

    @abstractmethod
    def sign_out(self) -> None:
        """Forget who has signed in; the sockets stay."""

    def halt(self, market: str = "all") -> None:
        """Stop trading; what becomes of orders then is the venue's way."""
        self._set_halted(market, is_halted=True)

    def resume(self, market: str = "all") -> None:
        """Trade again."""
        self._set_halted(market, is_halted=False)

    @abstractmethod
    def announce_maintenance(self, start: float, end: float) -> None:
        """Announce maintenance: begin and end in seconds from now."""

    def sockets(self) -> tuple[ServerConnection, ...]:
        """Connections that are WebSockets of the venue by now: what works the exchange has no faults."""
        return tuple(one for one in super().sockets() if not isinstance(one.service, ControlSocket))

    # what sockets need

    def take_refusal(self, method: str) -> Code | None:
        """The code that the next request of this method (or HTTP path) is to be refused with."""
        codes = self._refusals.get(method)
        return codes.pop(0) if codes else None

    def _carry_out(
        self,
        connection: ServerConnection,
        method: str,
        perform: Perform,
        refuse: Callable[[Code], None],
        refuse_by_fault: Callable[[int], None],
    ) -> None:
        """Carry out a request of a socket, or refuse it where a test or a fault wants that."""
        code = self.take_refusal(method)
        if code is not None:
            refuse(code)
        else:
            self._faults.request(connection, method, perform, refuse_by_fault)

    def wake_soon(self, key: str) -> None:
        """Somebody looks at this market: it wakes, at once or with others that are looked at in the same moment."""
        self._waking.soon(key, self.now)

    def wake_later(self, key: str) -> None:
        """Somebody looks at this market among all others: it wakes by and by."""
        self._waking.later(key, self.now)

    def signed_in(self, connection: ServerConnection, owner: int) -> None:
        """A connection has signed in to this account."""
        before = [other for other, theirs in self._signed_in.items() if theirs == owner and other is not connection]
        self._signed_in[connection] = owner
        for other in before if self.has_one_sign_in else ():
            other.end("fin")

    def ended(self, connection: ServerConnection) -> None:
        super().ended(connection)
        self._signed_in.pop(connection, None)

    # time

    @abstractmethod
    def _pushes_at(self) -> float:
        """When the venue's own pushes are due."""

    @abstractmethod
    def _push_due(self, at: float) -> None:
        """Push what is due at this time, in an order that never changes."""

    def _schedule_pushes(self) -> None:
        """Somebody may have subscribed."""

    def _next_at(self) -> float:
        """When the next thing is due."""
        self._others_at = others = self._next_but_crowds()
        crowds = self.crowds.next_at
        return min(others, crowds)

    def _next_but_crowds(self) -> float:
        return min(
            self._pushes_at(), self._waking.next_at, self._faults.next_at, self._funding_at, self._connections_at
        )

    def _step(self, at: float) -> None:
        """Do everything that is due at this time, in an order that never changes."""
        if self.crowds.next_at <= at:
            self.crowds.act()
            if self._others_at > at:
                return  # what this has made due comes with the next step, at the same time
        self._waking.act(at)
        self._push_due(at)
        if self._faults.next_at <= at:
            self._faults.act(at)
            self._schedule_pushes()
        if self._funding_at <= at:
            self.exchange.settle_funding()
            self._funding_at = self._next_funding()
        if self._connections_at <= at:
            self._look_after_connections(at)

    def _next_funding(self) -> float:
        has_futures = any(market.spec.wallet == "futures" for market in self.exchange.markets.values())
        return funding_times(self.exchange.now_ms)[1] / 1000 if has_futures else math.inf

    def _set_clock(self, now: float) -> None:
        if now > self.now:
            self.now = now
            self.exchange.now_ms = round(now * 1000)

    def _wake(self, key: str) -> None:
        self.crowds.wake(key, self.now)

    def _woken(self, market: Market) -> None:
        """The crowd has come to this market."""

    # markets

    @abstractmethod
    def _market(self, name: str) -> Market:
        """The market of this name.  Raises ValueError when there is none."""

    @abstractmethod
    def _find(self, order_id: Code) -> Order:
        """The order of this id.  Raises LookupError or ValueError when there is none."""

    def _set_halted(self, market: str, *, is_halted: bool) -> None:
        for found in self.exchange.markets.values():
            if market in ("all", found.spec.name):
                found.is_halted = is_halted

    def _quote(self, market: Market, bid: Number, ask: Number, size: Number) -> None:
        prices = [to_scaled(price, market.spec.price_places) for price in (bid, ask)]
        if not 0 < prices[0] < prices[1]:
            raise ValueError("quote: the bid must be above zero and below the ask")
        lots = to_scaled(size, market.spec.amount_places)
        if lots <= 0:
            raise ValueError("quote: the size must be above zero")
        crowd = self.crowds.wake(market.spec.key, self.now)
        crowd.is_quiet = True
        self._choose_index(market)
        with self.exchange.batch() as touch:
            touch(market)
            crowd.withdraw()
            crowd.sweep(prices[0], prices[1])
            crowd.rest("buy", prices[0], lots)
            crowd.rest("sell", prices[1], lots)

    def _choose_index(self, quoted: Market) -> None:
        """A market that is quoted while the one that it follows is not is its own index, so that no position is
        liquidated for a price from another world.
        """
        follows = quoted.spec.follows
        quoted.is_own_index = follows is not None and not self.crowds.wake(follows, self.now).is_quiet
        for other in self.exchange.marks.touched_by(quoted)[1:]:
            other.is_own_index = False

    def _trade(self, market: Market, side: Side, amount: Number) -> None:
        crowd = self.crowds.wake(market.spec.key, self.now)
        crowd.take(side, to_scaled(amount, market.spec.amount_places))

    def _place(self, market: Market, side: Side, price: Number, amount: Number) -> Order:
        self.crowds.wake(market.spec.key, self.now)
        return self.exchange.place(
            self.owner,
            market.spec.key,
            side,
            "limit",
            price=to_scaled(price, market.spec.price_places),
            amount=to_scaled(amount, market.spec.amount_places),
        )
