"""The local QFEX as one object without I/O: both sockets over the same matching core, with one account.

Both sockets live on one port: Trade is where a connection brings a key (or at /trade), MDS everything else. How a host uses
it stands in `venue_server.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.faults import Fault
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.venue_server import VenueServer
from coinex_proto.simulator.hosting.websocket_server import text_frame
from coinex_proto.simulator.market.amounts import to_scaled
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.traders import CrowdSettings
from coinex_proto.simulator.qfex.accounts import KeyRing, Meters, make_keys
from coinex_proto.simulator.qfex.catalogue import QUOTE, symbol_names, symbol_specs
from coinex_proto.simulator.qfex.feeds import TICK_MS, QfexFeeds
from coinex_proto.simulator.qfex.forms import QfexForms
from coinex_proto.simulator.qfex.http import QfexHttp, problem
from coinex_proto.simulator.qfex.order_entry import OrderEntry
from coinex_proto.simulator.qfex.orders import QfexOrders
from coinex_proto.simulator.qfex.sockets import MdsSocket, QfexSocket, TradeSocket
from coinex_proto.simulator.qfex.twaps import Twaps
from coinex_proto.simulator.qfex.wire import number, uuid

SIGN_IN_LIMIT: Final = 60.0
"""A Trade connection that has not signed in by then is closed."""
PING_EVERY: Final = 15.0
PING_FRAME: Final = b"\x89\x00"
DEPOSIT: Final = 1_000_000
ACCOUNT_EVERY: Final = 1.0
"""Interval of positions and balances."""

CODES: Final = (
    "ServerError",
    "InvalidParameter",
    "RateLimited",
    "PermissionDenied",
    "InvalidOrder",
    "InvalidJSONFormat",
)
"""What a fault `refuse N` answers with: the N-th of these, since the fault language has numbers only."""


class QfexServer(VenueServer[str]):
    """MDS and Trade over one exchange with one account."""

    half_frame: ClassVar[bytes] = text_frame(b'{"type":"bbo"}')[:7]
    idle_limit: ClassVar[float] = 120.0

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
        forms: QfexForms = QfexForms(),  # noqa: B008 - a frozen value
    ) -> None:
        listed = symbol_specs(symbol_names(markets) if isinstance(markets, int) else tuple(markets))
        super().__init__(
            Exchange(listed, now_ms=round(now * 1000)),
            now=now,
            seed=seed,
            crowd=crowd,
            faults=faults,
            answers_pings=answers_pings,
            answers_close=answers_close,
            max_request_bytes=max_request_bytes,
        )
        by_symbol = {spec.name: self.exchange.markets[spec.key] for spec in listed}
        self.feeds: QfexFeeds = QfexFeeds(self.exchange, by_symbol, self.wake_soon, self.wake_later)
        made_public, made_secret, token = make_keys(seed)
        self.keys: KeyRing = KeyRing(public_key or made_public, secret_key or made_secret, token)
        self.owner: int = self.exchange.open_account()
        self.exchange.ledger.deposit(self.owner, "futures", QUOTE, to_scaled(DEPOSIT, 20))
        self.own: QfexOrders = QfexOrders(self.exchange, self.feeds, self.owner, seed, self._push, forms=forms)
        self.order_entry: OrderEntry = OrderEntry(self.exchange, self.feeds, self.own)
        self.exchange.listeners.append(self.own)
        self.twaps: Twaps = Twaps(self.order_entry, by_symbol, seed)
        self.meters: Meters = Meters()
        self.accounts: dict[str, int] = {self.own.user_id: self.owner}
        self._http = QfexHttp(self)
        self.trade_sockets: dict[TradeSocket, None] = {}
        self._skew = 0.0
        self._push_at = math.inf
        self._account_at = math.inf
        self._ping_at = now + PING_EVERY

    @property
    def public_key(self) -> str:
        """Of its one account."""
        return self.keys.public_key

    @property
    def secret_key(self) -> str:
        """Of its one account; worth nothing outside."""
        return self.keys.secret_key

    # what a test does

    def skew_clock(self, seconds: float) -> None:
        """Set the server's idea of the time so far ahead (or back) of the truth."""
        self._skew = seconds

    def sign_out(self) -> None:
        """Forget who has signed in; the sockets stay."""
        for socket in self.trade_sockets:
            socket.is_signed_in = False
            socket.channels.clear()

    def announce_maintenance(self, start: float, end: float) -> None:
        """Nothing: this venue announces none."""

    # what connections and sockets need

    @property
    def clock(self) -> float:
        """The time as this server knows it."""
        return self.now + self._skew

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        """The answer to an HTTP request, which faults name by its path; None when one keeps it back."""
        name = request.target.partition("?")[0]
        return self._faults.http(
            connection, request, name, self._http.answer, lambda code: problem(500, CODES[code % len(CODES)])
        )

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> QfexSocket | HttpResponse:
        path, _, query = request.target.partition("?")
        refusal = self._faults.connect(connection)
        if refusal is not None:
            return refusal
        keys = parse_qs(query)
        if self.own.forms.bad_key_at_upgrade and not self.keys.knows(keys):
            return HttpResponse(status=401, body=b"unknown key")
        if path.rstrip("/") == "/trade" or {"api_key", "jwt"} & keys.keys():
            trade = TradeSocket(self, connection)
            self.trade_sockets[trade] = None
            self.wake_at(self.now + SIGN_IN_LIMIT)
            return trade
        if path.rstrip("/") not in ("", "/mds"):
            return HttpResponse(status=404)
        mds = MdsSocket(self, connection)
        self.feeds.subscribers[mds] = None
        return mds

    def requested(self, socket: QfexSocket, request: dict[str, Any]) -> None:
        """One request of a socket."""
        self._carry_out(
            socket.connection,
            request["type"],
            partial(socket.perform, request),
            lambda code: socket.refuse(code, None, request),
            lambda number: socket.refuse(CODES[number % len(CODES)], None, request),
        )
        self._schedule_pushes()

    def deliver(self, connection: ServerConnection, name: str, payload: bytes) -> None:
        """Send a message."""
        self._faults.push_text(connection, name, payload)

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

    def _woken(self, market: Market) -> None:
        self.feeds.woken(market)

    def _push(self, channel: str, key: str, record: dict[str, Any]) -> None:
        for socket in tuple(self.trade_sockets):
            if channel in socket.channels:
                socket.push(key, record)

    def _schedule_pushes(self) -> None:
        if self._push_at == math.inf and self.feeds.has_subscribers:
            self._push_at = _next_tick(self.now)
        if self._account_at == math.inf and self._accounts():
            self._account_at = self.now + ACCOUNT_EVERY

    def _accounts(self) -> list[TradeSocket]:
        return [socket for socket in self.trade_sockets if {"positions", "balances"} & socket.channels.keys()]

    def _set_clock(self, now: float) -> None:
        super()._set_clock(now)
        self.twaps.now = self.now

    def relieve(self, now: float) -> None:
        """Ticks that are overdue come as one, with the turns of all of them."""
        super().relieve(now)
        self._push_at = max(self._push_at, _next_tick(now - TICK_MS / 1000))
        self._account_at = max(self._account_at, now)

    def _pushes_at(self) -> float:
        ping_at = self._ping_at if self.trade_sockets else math.inf
        return min(self.twaps.next_at, self._push_at, self._account_at, ping_at)

    def _push_due(self, at: float) -> None:
        if self.twaps.next_at <= at:
            self.twaps.act()
        if self._push_at <= at:
            self.feeds.push_due(self.exchange.now_ms)
            self._push_at = _next_tick(at) if self.feeds.has_subscribers else math.inf
        if self._account_at <= at:
            self._push_account()
            self._account_at = at + ACCOUNT_EVERY if self._accounts() else math.inf
        if self._ping_at <= at:
            for socket in self.trade_sockets:
                if socket.is_signed_in:
                    socket.connection.queue(PING_FRAME)
            self._ping_at = max(at, self.now) + PING_EVERY

    def _push_account(self) -> None:
        for socket in self._accounts():
            if "positions" in socket.channels:
                for record in self.own.positions():
                    socket.push("position_response", record)
            if "balances" in socket.channels:
                socket.push("balance_response", self.own.balance())

    def _look_after_connections(self, at: float) -> None:
        super()._look_after_connections(at)
        waiting = [socket for socket in self.trade_sockets if not socket.is_signed_in]
        for socket in waiting:
            if at >= socket.opened_at + SIGN_IN_LIMIT:
                socket.connection.end("fin")
        times = [connection.next_at(self.idle_limit) for connection in self.connections]
        times += [s.opened_at + SIGN_IN_LIMIT for s in self.trade_sockets if not s.is_signed_in]
        self._connections_at = min((time for time in times if time > at), default=math.inf)

    def _find(self, order_id: str) -> Order:
        found = self.own.by_id.get(order_id)
        if found is None:
            raise ValueError(f"fill: no order {order_id!r}")
        return found

    def _market(self, name: str) -> Market:
        market = self.feeds.markets.get(name)
        if market is None:
            raise ValueError(f"no symbol {name!r}; there are {', '.join(list(self.feeds.markets)[:5])}")
        return market


def _next_tick(now: float) -> float:
    return (math.floor(now * 1000 / TICK_MS + 1e-6) + 1) * TICK_MS / 1000
