"""The local CoinEx exchange as one object without I/O: accepts connections, keeps virtual time, takes orders from tests.

A host calls `accept` for each TCP connection, feeds it, sends what `take_ready()` connections have to say, and calls
`advance(now)` at `next_deadline()` or later.  `now` is Unix time in seconds that never goes back; nothing here reads a
clock.  Same seed and same calls: same bytes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from coinex_proto.simulator import coinex_http_account, coinex_http_history, coinex_http_market, coinex_http_trade
from coinex_proto.simulator.amounts import to_scaled
from coinex_proto.simulator.catalogue import market_names, specs
from coinex_proto.simulator.coinex_accounts import Accounts, make_credentials
from coinex_proto.simulator.coinex_faults import CoinexFaults
from coinex_proto.simulator.coinex_feeds import Feeds
from coinex_proto.simulator.coinex_http import CoinexHttp
from coinex_proto.simulator.coinex_private import PrivateFeeds
from coinex_proto.simulator.coinex_socket import MODULE_BASE, CoinexSocket
from coinex_proto.simulator.coinex_wire import Push
from coinex_proto.simulator.connection import Ending, ServerConnection
from coinex_proto.simulator.exchange import Exchange
from coinex_proto.simulator.faults import Fault, FaultPlan, parse_fault, parse_faults
from coinex_proto.simulator.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.market import Market
from coinex_proto.simulator.marks import funding_times
from coinex_proto.simulator.matching import Order, Side
from coinex_proto.simulator.prices import Prices
from coinex_proto.simulator.traders import Crowds, CrowdSettings

BEAT_MS: Final = 200
WOKEN_A_BEAT: Final = 20
"""Waking a market takes milliseconds; a subscription to a thousand must not freeze the server."""
INDEX_MS: Final = 5000
IDLE_LIMIT: Final = 60.0
MODULES: Final = ("spot", "futures")
DEPOSITS: Final = {"USDT": 1_000_000, "USDC": 1_000_000, "BTC": 100}
OTHER_DEPOSIT: Final = 100_000

Number = str | int | Decimal


class CoinexServer:
    """Spot and futures sockets over one exchange with one account."""

    def __init__(
        self,
        *,
        now: float,
        seed: int | str = 0,
        markets: Sequence[str] | int = ("BTCUSDT",),
        access_id: str | None = None,
        secret_key: str | None = None,
        crowd: CrowdSettings = CrowdSettings(),  # noqa: B008 - a frozen value
        faults: str | Sequence[Fault] = "",
        answers_pings: bool = True,
        answers_close: bool = False,
        max_request_bytes: int = 10_240,
        allows_old_signatures: bool = False,
    ) -> None:
        names = market_names(markets) if isinstance(markets, int) else tuple(markets)
        listed = specs(names)
        self.now = now
        self.exchange = Exchange(listed, now_ms=round(now * 1000))
        self.answers_pings, self.answers_close = answers_pings, answers_close
        self.max_request_bytes = max_request_bytes
        self.prices = Prices(self.exchange)
        by_module: dict[str, dict[str, Market]] = {module: {} for module in MODULES}
        for spec in listed:
            by_module[spec.wallet][spec.name] = self.exchange.markets[spec.key]
        self._sleepers: deque[str] = deque()
        """Markets that are looked at together with all others: they wake one after the other."""
        self.crowds = Crowds(self.exchange, crowd, seed)
        self.feeds = {
            module: Feeds(by_module[module], self.prices, self._wake, self._sleepers.append) for module in MODULES
        }
        self.private = PrivateFeeds(self.exchange, self.prices, self.feeds)
        self.private.now = now
        self.exchange.listeners.append(self.private)
        self.seed = seed
        self.notices: list[dict[str, Any]] = []
        """Maintenance that has been announced."""
        modules = (coinex_http_market, coinex_http_trade, coinex_http_account, coinex_http_history)
        table = {call: endpoint for module in modules for call, endpoint in module.TABLE.items()}
        self._http = CoinexHttp(self, table, allows_old_signatures=allows_old_signatures)
        self.accounts = Accounts()
        made_id, made_secret = make_credentials(seed)
        self.access_id, self.secret_key = access_id or made_id, secret_key or made_secret
        self.owner = self.add_account(self.access_id, self.secret_key)
        self.connections: dict[ServerConnection, None] = {}
        self._connections_at = math.inf
        """No connection has anything to do before."""
        self._accepted = 0
        self._ready: dict[ServerConnection, None] = {}
        self._skew_ms = 0
        self._refusals: dict[str, list[int]] = {}
        planned = parse_faults(faults) if isinstance(faults, str) else tuple(faults)
        self._faults = CoinexFaults(self, FaultPlan(planned, now=now, seed=seed))
        self._beat_at: float | None = None
        self._index_at = _next_multiple(now, INDEX_MS)
        self._funding_at = funding_times(self.exchange.now_ms)[1] / 1000

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

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1", *, module: str | None = None) -> None:
        """Make the book one bid and one ask, exactly; orders that cross are traded away first, and the crowd leaves.

        A futures market that is quoted while its spot market is not is its own index, so that no position is liquidated
        for a spot price from another world.
        """
        found = self._market(market, module)
        prices = [to_scaled(price, found.spec.price_places) for price in (bid, ask)]
        if not 0 < prices[0] < prices[1]:
            raise ValueError("quote: the bid must be above zero and below the ask")
        lots = to_scaled(size, found.spec.amount_places)
        crowd = self.crowds.wake(found.spec.key, self.now)
        crowd.is_quiet = True
        follows = found.spec.follows
        found.is_own_index = follows is not None and not self.crowds.wake(follows, self.now).is_quiet
        for other in self.exchange.marks.touched_by(found)[1:]:
            other.is_own_index = False
        with self.exchange.together():
            crowd.withdraw()
            crowd.sweep(prices[0], prices[1])
            crowd.rest("buy", prices[0], lots)
            crowd.rest("sell", prices[1], lots)

    def trade(self, market: str, side: Side, amount: Number, *, module: str | None = None) -> None:
        """Let a stranger trade at the market.  Raises OrderRefused when nobody stands on the other side."""
        found = self._market(market, module)
        self.crowds.wake(found.spec.key, self.now).take(side, to_scaled(amount, found.spec.amount_places))

    def place(self, market: str, side: Side, price: Number, amount: Number, *, module: str | None = None) -> Order:
        """Place a limit order of the account."""
        found = self._market(market, module)
        self.crowds.wake(found.spec.key, self.now)
        return self.exchange.place(
            self.owner,
            found.spec.key,
            side,
            "limit",
            price=to_scaled(price, found.spec.price_places),
            amount=to_scaled(amount, found.spec.amount_places),
        )

    def fill(self, order: Order | int, amount: Number | None = None) -> None:
        """Fill an order of the account, all of it or so much."""
        found = self.exchange.orders[order] if isinstance(order, int) else order
        places = self.exchange.markets[found.market].spec.amount_places
        self.exchange.fill(found, found.left if amount is None else to_scaled(amount, places))

    def orders(self, market: str | None = None) -> tuple[Order, ...]:
        """Open orders of the account, oldest first."""
        return tuple(
            order
            for order in self.exchange.orders.values()
            if order.owner == self.owner
            and not order.finish
            and market in (None, self.exchange.markets[order.market].spec.name)
        )

    def drop(self, how: Ending = "rst") -> None:
        """Break every WebSocket connection."""
        for connection in self.sockets():
            connection.end(how)

    def stall(self, seconds: float) -> None:
        """Freeze every open connection: nothing is read or written for so long, then all of it."""
        for connection in self.connections:
            connection.stall(self.now + seconds)
        self.wake_at(self.now + seconds)

    def refuse(self, method: str, code: int, times: int = 1) -> None:
        """Answer the next requests of this method with this code, and do not carry them out."""
        self._refusals.setdefault(method, []).extend([code] * times)

    def skew_clock(self, seconds: float) -> None:
        """Set the server's idea of the time so far ahead (or back) of the truth."""
        self._skew_ms = round(seconds * 1000)

    def inject(self, fault: str | Fault) -> None:
        """Plan one more fault, an object or a line of the fault language, counted from now."""
        self._faults.plan.add(parse_fault(fault) if isinstance(fault, str) else fault, self.now)

    def sign_out(self) -> None:
        """Forget who has signed in; the sockets stay."""
        for socket in self.private.sockets:
            socket.owner = None

    def halt(self, market: str = "all") -> None:
        """Stop trading: everything is acknowledged, nothing happens."""
        for name, module in self._named(market):
            self.feeds[module].markets[name].is_halted = True

    def resume(self, market: str = "all") -> None:
        """Trade again."""
        for name, module in self._named(market):
            self.feeds[module].markets[name].is_halted = False

    def announce_maintenance(self, start: float, end: float, scope: Sequence[str] = ("SPOT", "FUTURES")) -> None:
        """Push a maintenance notice: begin and end in seconds from now."""
        info = {
            "start_time": self.exchange.now_ms + round(start * 1000),
            "end_time": self.exchange.now_ms + round(end * 1000),
            "scope": list(scope),
            "protect_duration_start": 0,
            "protect_duration_end": 0,
        }
        self.notices.append(info)
        self.private.announce(info)

    def sockets(self) -> tuple[ServerConnection, ...]:
        """Connections that are WebSockets by now."""
        return tuple(connection for connection in self.connections if connection.service is not None)

    def add_account(self, access_id: str, secret_key: str) -> int:
        """A further account with money in every currency.  Returns its owner number."""
        owner = self.exchange.open_account()
        self.accounts.add(access_id, secret_key, owner)
        for market in self.exchange.markets.values():
            spec = market.spec
            for currency in (spec.base, spec.quote) if spec.wallet == "spot" else (spec.settle,):
                if not self.exchange.ledger.balance(owner, spec.wallet, currency).available:
                    amount = DEPOSITS.get(currency, OTHER_DEPOSIT)
                    self.exchange.ledger.deposit(owner, spec.wallet, currency, to_scaled(amount, 20))
        self.exchange.ledger.take_moved()
        return owner

    # what connections and sockets ask

    @property
    def clock_ms(self) -> int:
        """The time as this server tells it."""
        return self.exchange.now_ms + self._skew_ms

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        """The answer to an HTTP request; None when a fault keeps it back."""
        return self._faults.http(connection, request, self._http.answer)

    def take_refusal(self, method: str) -> int | None:
        """The code that the next request of this socket method or HTTP path is to be refused with."""
        codes = self._refusals.get(method)
        return codes.pop(0) if codes else None

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> CoinexSocket | HttpResponse:
        path = request.target.partition("?")[0].rstrip("/")
        module = path.removeprefix("/v2/")
        if path != f"/v2/{module}" or module not in MODULES:
            return HttpResponse(status=404)
        refusal = self._faults.connect(connection)
        if refusal is not None or connection.wants_close is not None:
            return refusal or HttpResponse(status=503)
        socket = CoinexSocket(self, connection, module)
        self.private.sockets[socket] = None
        return socket

    def wake_at(self, at: float) -> None:
        """Look after the connections then."""
        self._connections_at = min(self._connections_at, at)

    def has_output(self, connection: ServerConnection) -> None:
        self._ready[connection] = None

    def ended(self, connection: ServerConnection) -> None:
        self.connections.pop(connection, None)
        if isinstance(connection.service, CoinexSocket):
            self.private.sockets.pop(connection.service, None)

    def requested(self, socket: CoinexSocket, method: str, identity: int, params: object) -> None:
        """One request of a socket."""
        code = self.take_refusal(method)
        if code is not None:
            socket.answer(identity, code, "")
            return
        self._faults.request(socket, method, identity, params)
        self.expect_beats()

    def expect_beats(self) -> None:
        """Begin to beat when somebody has subscribed."""
        if self._beat_at is None and any(feeds.is_wanted for feeds in self.feeds.values()):
            self._beat_at = _next_multiple(self.now, BEAT_MS)
            self._index_at = max(self._index_at, _next_multiple(self.now, INDEX_MS))

    def deliver(self, connection: ServerConnection, push: Push) -> None:
        """Send a push."""
        if self._faults.plan.watches_messages:
            self._faults.push(connection, push)
        else:
            connection.send_frame(push.frame)

    # time

    def _wake(self, key: str) -> None:
        self.crowds.wake(key, self.now)

    def _set_clock(self, now: float) -> None:
        if now > self.now:
            self.now = self.private.now = now
            self.exchange.now_ms = round(now * 1000)

    def _next_at(self) -> float:
        at = min(self.crowds.next_at, self._beat_at or math.inf, self.private.due_at or math.inf)
        at = min(at, self._funding_at, self._faults.next_at)
        if self._beat_at is not None:
            at = min(at, self._index_at)
        return min(at, self._connections_at)

    def _step(self, at: float) -> None:
        if self.crowds.next_at <= at:
            self.crowds.act()
        if self.private.due_at is not None and self.private.due_at <= at:
            self.private.send_late()
        if self._beat_at is not None and self._beat_at <= at:
            for _ in range(min(WOKEN_A_BEAT, len(self._sleepers))):
                self._wake(self._sleepers.popleft())
            for feeds in self.feeds.values():
                feeds.beat(self.exchange.now_ms)
            is_wanted = any(feeds.is_wanted for feeds in self.feeds.values())
            self._beat_at = _next_multiple(at, BEAT_MS) if is_wanted else None
        if self._index_at <= at:
            for feeds in self.feeds.values():
                feeds.push_indexes()
            self._index_at = _next_multiple(at, INDEX_MS)
        if self._faults.next_at <= at:
            self._faults.act(at)
            self.expect_beats()
        if self._funding_at <= at:
            self.exchange.settle_funding()
            self._funding_at = funding_times(self.exchange.now_ms)[1] / 1000
        if self._connections_at <= at:
            for connection in tuple(self.connections):
                connection.handle_time(at, IDLE_LIMIT)
            self._connections_at = min((c.next_at(IDLE_LIMIT) for c in self.connections), default=math.inf)

    def _named(self, market: str) -> list[tuple[str, str]]:
        return [(name, module) for module in MODULES for name in self.feeds[module].markets if market in ("all", name)]

    def _market(self, name: str, module: str | None) -> Market:
        """The market of this name; without a module the spot market, or the futures market that has no other."""
        for place in MODULES if module is None else (module,):
            market = self.feeds[place].markets.get(name)
            if market is not None:
                return market
        listed = list(self.feeds[module or "spot"].markets)[:5]
        raise ValueError(f"no {f'{module} ' if module else ''}market {name!r}; there are {', '.join(listed)}")


def _next_multiple(now: float, every_ms: int) -> float:
    """The next whole multiple of so many milliseconds, in seconds; whole numbers, so that it always lies ahead."""
    return (round(now * 1000) // every_ms + 1) * every_ms / 1000


__all__ = ["MODULE_BASE", "CoinexServer"]
