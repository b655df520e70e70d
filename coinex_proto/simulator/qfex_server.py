"""The local QFEX as one object without I/O: both sockets over the same matching core, with one account.

Used as `CoinexServer` is: a host accepts, feeds, sends and calls `advance`. Both sockets live on one port: Trade is
where a connection brings a key (or at /trade), MDS everything else. `now` is Unix time in seconds that never goes back.
Same seed and same calls: same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qs

from coinex_proto.simulator.amounts import to_scaled
from coinex_proto.simulator.connection import Ending, ServerConnection
from coinex_proto.simulator.exchange import Exchange
from coinex_proto.simulator.faults import Fault, FaultPlan, parse_fault, parse_faults
from coinex_proto.simulator.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.market import Market
from coinex_proto.simulator.marks import funding_times
from coinex_proto.simulator.matching import Order, Side
from coinex_proto.simulator.qfex_accounts import KeyRing, Meters, make_keys
from coinex_proto.simulator.qfex_catalogue import QUOTE, symbol_names, symbol_specs
from coinex_proto.simulator.qfex_desk import QfexDesk
from coinex_proto.simulator.qfex_faults import QfexFaults
from coinex_proto.simulator.qfex_feeds import BEAT_MS, QfexFeeds
from coinex_proto.simulator.qfex_sockets import MdsSocket, QfexSocket, TradeSocket
from coinex_proto.simulator.qfex_twaps import Twaps
from coinex_proto.simulator.qfex_wire import number, uuid
from coinex_proto.simulator.traders import Crowds, CrowdSettings
from coinex_proto.simulator.websocket_server import text_frame

IDLE_LIMIT: Final = 120.0
SIGN_IN_LIMIT: Final = 60.0
"""A Trade connection that has not signed in by then is closed."""
PING_EVERY: Final = 15.0
PING_FRAME: Final = b"\x89\x00"
DEPOSIT: Final = 1_000_000
ACCOUNT_EVERY: Final = 1.0
"""Pace of positions and balances."""

Number = str | int | Decimal


class QfexServer:
    """MDS and Trade over one exchange with one account."""

    def __init__(
        self,
        *,
        now: float,
        seed: int | str = 0,
        markets: Sequence[str] | int = ("AAPL-USD",),
        public_key: str | None = None,
        secret_key: str | None = None,
        crowd: CrowdSettings = CrowdSettings(),  # noqa: B008 - a frozen value
        faults: str | Sequence[Fault] = "",
        answers_pings: bool = True,
        answers_close: bool = True,
        max_request_bytes: int = 65_536,
        new_ids_on_change: bool = True,
    ) -> None:
        listed = symbol_specs(symbol_names(markets) if isinstance(markets, int) else tuple(markets))
        self.now = now
        self.exchange = Exchange(listed, now_ms=round(now * 1000))
        self.answers_pings, self.answers_close = answers_pings, answers_close
        self.max_request_bytes = max_request_bytes
        self.crowds = Crowds(self.exchange, crowd, seed)
        by_symbol = {spec.name: self.exchange.markets[spec.key] for spec in listed}
        self.feeds = QfexFeeds(self.exchange, by_symbol, self._wake)
        made_public, made_secret, token = make_keys(seed)
        self.keys = KeyRing(public_key or made_public, secret_key or made_secret, token)
        self.owner = self.exchange.open_account()
        self.exchange.ledger.deposit(self.owner, "futures", QUOTE, to_scaled(DEPOSIT, 20))
        self.desk = QfexDesk(self.exchange, self.feeds, self.owner, seed, self._tell, new_ids=new_ids_on_change)
        self.exchange.listeners.append(self.desk)
        self.twaps = Twaps(self.desk, by_symbol, seed)
        self.meters = Meters()
        self.trade_sockets: dict[TradeSocket, None] = {}
        self.connections: dict[ServerConnection, None] = {}
        self._connections_at = math.inf
        self._accepted = 0
        self._ready: dict[ServerConnection, None] = {}
        self._skew = 0.0
        self._refusals: dict[str, list[str]] = {}
        planned = parse_faults(faults) if isinstance(faults, str) else tuple(faults)
        self._faults = QfexFaults(self, FaultPlan(planned, now=now, seed=seed))
        self._beat_at = math.inf
        self._account_at = math.inf
        self._ping_at = now + PING_EVERY
        self._funding_at = funding_times(self.exchange.now_ms)[1] / 1000

    @property
    def public_key(self) -> str:
        """Of its one account."""
        return self.keys.public_key

    @property
    def secret_key(self) -> str:
        """Of its one account; worth nothing outside."""
        return self.keys.secret_key

    # what a host needs

    def accept(self, now: float) -> ServerConnection:
        """A new TCP connection."""
        self.advance(now)
        self._accepted += 1
        connection = ServerConnection(self, self._accepted, now)
        self.connections[connection] = None
        self.wake_at(connection.next_at(IDLE_LIMIT))
        return connection

    def take_ready(self) -> tuple[ServerConnection, ...]:
        """Connections that have something to send or want to be closed, since the last call."""
        ready = tuple(self._ready)
        self._ready.clear()
        return ready

    def next_deadline(self) -> float | None:
        """When `advance` has something to do; None while nothing at all is going on."""
        at = self._next_at()
        return None if at == math.inf else at

    def relieve(self, now: float) -> None:
        """The machine cannot keep up: what the random traders have missed until now is left out."""
        self.crowds.leave_out(now)

    def advance(self, now: float) -> None:
        """Let everything happen that is due until now, each thing at its own time."""
        while (at := self._next_at()) <= now:
            self._set_clock(at)
            self._step(at)
        self._set_clock(now)

    # what a test does

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1") -> None:
        """Make the book one bid and one ask, exactly; orders that cross are traded away first, and the crowd leaves."""
        found = self._market(market)
        prices = [to_scaled(price, found.spec.price_places) for price in (bid, ask)]
        if not 0 < prices[0] < prices[1]:
            raise ValueError("quote: the bid must be above zero and below the ask")
        lots = to_scaled(size, found.spec.amount_places)
        crowd = self.crowds.wake(found.spec.key, self.now)
        crowd.is_quiet = True
        with self.exchange.together():
            crowd.withdraw()
            crowd.sweep(prices[0], prices[1])
            crowd.rest("buy", prices[0], lots)
            crowd.rest("sell", prices[1], lots)

    def trade(self, market: str, side: Side, amount: Number) -> None:
        """Let a stranger trade at the market.  Raises OrderRefused when nobody stands on the other side."""
        found = self._market(market)
        self.crowds.wake(found.spec.key, self.now).take(side, to_scaled(amount, found.spec.amount_places))

    def place(self, market: str, side: Side, price: Number, amount: Number) -> Order:
        """Place a limit order of the account, as another program of its owner would."""
        found = self._market(market)
        self.crowds.wake(found.spec.key, self.now)
        return self.exchange.place(
            self.owner,
            found.spec.key,
            side,
            "limit",
            price=to_scaled(price, found.spec.price_places),
            amount=to_scaled(amount, found.spec.amount_places),
        )

    def fill(self, order: Order | str, amount: Number | None = None) -> None:
        """Fill an order of the account, all of it or so much."""
        found = self.desk.find(order) if isinstance(order, str) else order
        if found is None:
            raise ValueError(f"fill: no order {order!r}")
        places = self.exchange.markets[found.market].spec.amount_places
        self.exchange.fill(found, found.left if amount is None else to_scaled(amount, places))

    def orders(self, market: str | None = None) -> tuple[Order, ...]:
        """Open orders of the account, oldest first."""
        return tuple(self.desk.open_orders(market))

    def drop(self, how: Ending = "rst") -> None:
        """Break every WebSocket connection."""
        for connection in self.sockets():
            connection.end(how)

    def stall(self, seconds: float) -> None:
        """Freeze every open connection: nothing is read or written for so long, then all of it."""
        for connection in self.connections:
            connection.stall(self.now + seconds)
        self.wake_at(self.now + seconds)

    def refuse(self, method: str, code: str, times: int = 1) -> None:
        """Answer the next requests of this type with this error code, and do not carry them out."""
        self._refusals.setdefault(method, []).extend([code] * times)

    def skew_clock(self, seconds: float) -> None:
        """Set the server's idea of the time so far ahead (or back) of the truth."""
        self._skew = seconds

    def inject(self, fault: str) -> None:
        """Plan one more fault, a line of the fault language, counted from now."""
        self._faults.plan.add(parse_fault(fault), self.now)

    def sign_out(self) -> None:
        """Forget who has signed in; the sockets stay."""
        for socket in self.trade_sockets:
            socket.is_signed_in = False
            socket.channels.clear()

    def halt(self, market: str = "all") -> None:
        """Close the market: orders are rejected."""
        self._set_halted(market, is_halted=True)

    def resume(self, market: str = "all") -> None:
        """Trade again."""
        self._set_halted(market, is_halted=False)

    def sockets(self) -> tuple[ServerConnection, ...]:
        """Connections that are WebSockets by now."""
        return tuple(connection for connection in self.connections if connection.service is not None)

    # what connections and sockets ask

    @property
    def clock(self) -> float:
        """The time as this server knows it."""
        return self.now + self._skew

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        """There is no HTTP interface here."""
        return HttpResponse(status=404)

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> QfexSocket | HttpResponse:
        path, _, query = request.target.partition("?")
        refusal = self._faults.connect(connection)
        if refusal is not None or connection.wants_close is not None:
            return refusal or HttpResponse(status=503)
        if path.rstrip("/") == "/trade" or {"api_key", "jwt"} & parse_qs(query).keys():
            trade = TradeSocket(self, connection)
            self.trade_sockets[trade] = None
            self.wake_at(self.now + SIGN_IN_LIMIT)
            return trade
        if path.rstrip("/") not in ("", "/mds"):
            return HttpResponse(status=404)
        mds = MdsSocket(self, connection)
        self.feeds.subscribers[mds] = None
        return mds

    def wake_at(self, at: float) -> None:
        """Look after the connections then."""
        self._connections_at = min(self._connections_at, at)

    def has_output(self, connection: ServerConnection) -> None:
        self._ready[connection] = None

    def ended(self, connection: ServerConnection) -> None:
        self.connections.pop(connection, None)

    def requested(self, socket: QfexSocket, request: dict[str, Any]) -> None:
        """One request of a socket."""
        codes = self._refusals.get(request["type"])
        if codes:
            socket.refuse(codes.pop(0), None, request)
            return
        self._faults.request(socket, request)
        self._expect_beats()

    def deliver(self, connection: ServerConnection, name: str, payload: bytes) -> None:
        """Send a message."""
        if self._faults.plan.watches_messages:
            self._faults.push(connection, name, payload)
        else:
            connection.send_frame(text_frame(payload))

    def leverage(self, level: str) -> list[dict[str, Any]]:
        """Leverage records of all symbols: at a level, or ("set") as set."""
        found = []
        for symbol, market in self.feeds.markets.items():
            times = int(level) if level != "set" else self.exchange.futures.settings(self.owner, market.spec.key)[1]
            found.append(
                {
                    "id": uuid("leverage", symbol, times),
                    "symbol": symbol,
                    "initial_margin": number(10**8 // times, 8),
                    "maintenance_margin": number(500_000, 8),
                    "max_notional": number(10_000_000, 2),
                    "leverage": str(times),
                }
            )
        return found

    # time

    def _tell(self, channel: str, key: str, record: dict[str, Any]) -> None:
        for socket in tuple(self.trade_sockets):
            if channel in socket.channels:
                socket.tell(key, record)

    def _expect_beats(self) -> None:
        if self._beat_at == math.inf and self.feeds.is_wanted:
            self._beat_at = _next_beat(self.now)
        if self._account_at == math.inf and self._accounts():
            self._account_at = self.now + ACCOUNT_EVERY

    def _accounts(self) -> list[TradeSocket]:
        return [socket for socket in self.trade_sockets if {"positions", "balances"} & socket.channels.keys()]

    def _wake(self, key: str) -> None:
        self.crowds.wake(key, self.now)

    def _set_clock(self, now: float) -> None:
        if now > self.now:
            self.now = self.twaps.now = now
            self.exchange.now_ms = round(now * 1000)
        self.twaps.now = self.now

    def _next_at(self) -> float:
        return min(
            self.crowds.next_at,
            self.twaps.next_at,
            self._beat_at,
            self._account_at,
            self._ping_at if self.trade_sockets else math.inf,
            self._funding_at,
            self._faults.next_at,
            self._connections_at,
        )

    def _step(self, at: float) -> None:
        if self.crowds.next_at <= at:
            self.crowds.act()
        if self.twaps.next_at <= at:
            self.twaps.act()
        if self._beat_at <= at:
            self.feeds.beat(self.exchange.now_ms)
            self._beat_at = _next_beat(at) if self.feeds.is_wanted else math.inf
        if self._account_at <= at:
            self._tell_account()
            self._account_at = at + ACCOUNT_EVERY if self._accounts() else math.inf
        if self._ping_at <= at:
            for socket in self.trade_sockets:
                if socket.is_signed_in:
                    socket.connection.queue(PING_FRAME)
            self._ping_at = max(at, self.now) + PING_EVERY
        if self._faults.next_at <= at:
            self._faults.act(at)
            self._expect_beats()
        if self._funding_at <= at:
            self.exchange.settle_funding()
            self._funding_at = funding_times(self.exchange.now_ms)[1] / 1000
        if self._connections_at <= at:
            self._look_after(at)

    def _tell_account(self) -> None:
        for socket in self._accounts():
            if "positions" in socket.channels:
                for record in self.desk.positions():
                    socket.tell("position_response", record)
            if "balances" in socket.channels:
                socket.tell("balance_response", self.desk.balance())

    def _look_after(self, at: float) -> None:
        for connection in tuple(self.connections):
            connection.handle_time(at, IDLE_LIMIT)
        waiting = [socket for socket in self.trade_sockets if not socket.is_signed_in]
        for socket in waiting:
            if at >= socket.opened_at + SIGN_IN_LIMIT:
                socket.connection.end("fin")
        times = [connection.next_at(IDLE_LIMIT) for connection in self.connections]
        times += [s.opened_at + SIGN_IN_LIMIT for s in self.trade_sockets if not s.is_signed_in]
        self._connections_at = min((time for time in times if time > at), default=math.inf)

    def _set_halted(self, market: str, *, is_halted: bool) -> None:
        for name, found in self.feeds.markets.items():
            if market in ("all", name):
                found.is_halted = is_halted

    def _market(self, name: str) -> Market:
        market = self.feeds.markets.get(name)
        if market is None:
            raise ValueError(f"no symbol {name!r}; there are {', '.join(list(self.feeds.markets)[:5])}")
        return market


def _next_beat(now: float) -> float:
    return (math.floor(now * 1000 / BEAT_MS + 1e-6) + 1) * BEAT_MS / 1000
