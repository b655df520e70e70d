"""The local CoinEx exchange as one object without I/O: accepts connections, keeps virtual time, takes orders from tests.

How a host uses it stands in `venue_server.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Final

from coinex_proto.simulator.coinex import (
    http_absent,
    http_account,
    http_history,
    http_market,
    http_subs,
    http_trade,
    http_wallet,
)
from coinex_proto.simulator.coinex.accounts import Accounts, make_credentials
from coinex_proto.simulator.coinex.controls import CoinexControls
from coinex_proto.simulator.coinex.faults import HALF_FRAME, spoilt
from coinex_proto.simulator.coinex.feeds import PUSH_INTERVAL_MS, TURN_MS, Feeds
from coinex_proto.simulator.coinex.http import CoinexHttp, failure
from coinex_proto.simulator.coinex.prices import Prices
from coinex_proto.simulator.coinex.private import PrivateFeeds
from coinex_proto.simulator.coinex.records import Records
from coinex_proto.simulator.coinex.socket import MODULE_BASE, CoinexSocket
from coinex_proto.simulator.coinex.wire import Push
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.control import ControlSocket
from coinex_proto.simulator.hosting.faults import Fault
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.venue_server import Number, VenueServer
from coinex_proto.simulator.hosting.web_page import CONTROL_PATH, WebPage, client_name
from coinex_proto.simulator.market.amounts import to_scaled
from coinex_proto.simulator.market.catalogue import market_names, specs
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.traders import CrowdSettings

INDEX_MS: Final = 5000
MODULES: Final = ("spot", "futures")
DEPOSITS: Final = {"USDT": 1_000_000, "USDC": 1_000_000, "BTC": 100}
OTHER_DEPOSIT: Final = 100_000


class CoinexServer(VenueServer[int]):
    """Spot and futures sockets over one exchange with one account or more."""

    half_frame: ClassVar[bytes] = HALF_FRAME
    idle_limit: ClassVar[float] = 60.0

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
        allows_old_signatures: bool = True,
        accounts: int = 1,
        page: WebPage | None = None,
    ) -> None:
        """`page`: what browsers get; None: it has none, and no control socket."""
        names = market_names(markets) if isinstance(markets, int) else tuple(markets)
        listed = specs(names)
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
        self.prices: Prices = Prices(self.exchange)
        by_module: dict[str, dict[str, Market]] = {module: {} for module in MODULES}
        for spec in listed:
            by_module[spec.wallet][spec.name] = self.exchange.markets[spec.key]
        self.feeds: dict[str, Feeds] = {
            module: Feeds(by_module[module], self.prices, self.wake_soon, self.wake_later) for module in MODULES
        }
        self.private: PrivateFeeds = PrivateFeeds(self.exchange, self.prices, self.feeds)
        self.private.now = now
        self.exchange.listeners.append(self.private)
        self.seed = seed
        self.started_ms: int = self.exchange.now_ms
        self._page = page
        self.notices: list[dict[str, Any]] = []
        """Maintenance that has been announced."""
        modules = (http_market, http_trade, http_account, http_history, http_wallet, http_subs, http_absent)
        table = {route: endpoint for module in modules for route, endpoint in module.TABLE.items()}
        self._http = CoinexHttp(self, table, allows_old_signatures=allows_old_signatures)
        self.accounts: Accounts = Accounts()
        self.records: Records = Records()
        made_id, made_secret = make_credentials(seed)
        self.access_id: str = access_id or made_id
        self.secret_key: str = secret_key or made_secret
        self.owner: int = self.add_account(self.access_id, self.secret_key)
        further = [make_credentials(f"{seed}:{number}") for number in range(2, accounts + 1)]
        self.keys: tuple[tuple[str, str], ...] = ((self.access_id, self.secret_key), *further)
        """Access id and secret key of every account; what a test does, the first one does."""
        for one_id, one_secret in further:
            self.add_account(one_id, one_secret)
        self._skew_ms = 0
        self._push_at: float | None = None
        self._turns = max(feeds.turns for feeds in self.feeds.values())
        self._index_at = _next_multiple(now, INDEX_MS)

    # what a test does

    # in each of these: the spot market of this name unless `module` says futures, or there is no other

    def quote(self, market: str, bid: Number, ask: Number, size: Number = "1", *, module: str | None = None) -> None:
        self._quote(self._market(market, module), bid, ask, size)

    def trade(self, market: str, side: Side, amount: Number, *, module: str | None = None) -> None:
        self._trade(self._market(market, module), side, amount)

    def place(self, market: str, side: Side, price: Number, amount: Number, *, module: str | None = None) -> Order:
        return self._place(self._market(market, module), side, price, amount)

    def skew_clock(self, seconds: float) -> None:
        """Set the server's idea of the time so far ahead (or back) of the truth."""
        self._skew_ms = round(seconds * 1000)

    def sign_out(self) -> None:
        """Forget who has signed in; the sockets stay."""
        for socket in self.private.sockets:
            socket.owner = None

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

    def add_account(self, access_id: str, secret_key: str) -> int:
        """A further account with money in every currency.  Returns its owner number."""
        owner = self.exchange.open_account()
        self.accounts.add(access_id, secret_key, owner)
        for market in self.exchange.markets.values():
            spec = market.spec
            for currency in spec.currencies:
                if not self.exchange.ledger.balance(owner, spec.wallet, currency).available:
                    amount = to_scaled(DEPOSITS.get(currency, OTHER_DEPOSIT), 20)
                    self.exchange.ledger.deposit(owner, spec.wallet, currency, amount)
                    self.records.note("deposit", owner, "", spec.wallet, currency, amount, self.exchange.now_ms)
        self.exchange.ledger.take_moved()
        return owner

    # what connections and sockets need

    @property
    def clock_ms(self) -> int:
        """The time by this server's clock."""
        return self.exchange.now_ms + self._skew_ms

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        """The answer to an HTTP request, which faults name by its path without /v2; None when one keeps it back."""
        if self._page is not None and (shown := self._page.answer(request)) is not None:
            return shown
        name = request.target.partition("?")[0].removeprefix("/v2")
        return self._faults.http(
            connection, request, name, self._http.answer, lambda code: HttpResponse(body=failure(code, ""))
        )

    def open_socket(
        self, connection: ServerConnection, request: HttpRequest
    ) -> CoinexSocket | ControlSocket | HttpResponse:
        path = request.target.partition("?")[0].rstrip("/")
        if self._page is not None and path == CONTROL_PATH:
            refused = self._page.refusal(request)
            return refused or ControlSocket(connection, CoinexControls(self), self._page.token)
        module = path.removeprefix("/v2/")
        if path != f"/v2/{module}" or module not in MODULES:
            return HttpResponse(status=404)
        refusal = self._faults.connect(connection)
        if refusal is not None:
            return refusal
        socket = CoinexSocket(self, connection, module, client_name(request))
        self.private.sockets[socket] = None
        return socket

    def ended(self, connection: ServerConnection) -> None:
        super().ended(connection)
        if isinstance(connection.service, CoinexSocket):
            self.private.sockets.pop(connection.service, None)

    def requested(self, socket: CoinexSocket, method: str, identity: int, params: object) -> None:
        """One request of a socket."""

        def refuse(code: int) -> None:
            socket.answer(identity, code, "")

        self._carry_out(socket.connection, method, partial(socket.perform, method, identity, params), refuse, refuse)
        self._schedule_pushes()

    def _schedule_pushes(self) -> None:
        if self._push_at is None and any(feeds.has_subscribers for feeds in self.feeds.values()):
            self._push_at = self._next_turn(self.now)
            self._index_at = max(self._index_at, _next_multiple(self.now, INDEX_MS))

    def deliver(self, connection: ServerConnection, push: Push) -> None:
        """Send a push."""
        if self._faults.plan.watches_messages:
            self._faults.push(connection, push.method, push.frame, partial(spoilt, push))
        else:
            connection.send_frame(push.frame)

    # time

    def _set_clock(self, now: float) -> None:
        super()._set_clock(now)
        self.private.now = self.now

    def relieve(self, now: float) -> None:
        """Pushes that are overdue come once, with what they would have told together."""
        super().relieve(now)
        if self._push_at is not None:
            begin = now if self._turns == 1 else now - (PUSH_INTERVAL_MS - TURN_MS) / 1000
            self._push_at = max(self._push_at, _last_multiple(begin, PUSH_INTERVAL_MS if self._turns == 1 else TURN_MS))
        self._index_at = max(self._index_at, _last_multiple(now, INDEX_MS))

    def _pushes_at(self) -> float:
        at = self.private.due_at or math.inf
        return at if self._push_at is None else min(at, self._push_at, self._index_at)

    def _push_due(self, at: float) -> None:
        if self.private.due_at is not None and self.private.due_at <= at:
            self.private.send_late()
        if self._push_at is not None and self._push_at <= at:
            has_subscribers = False
            for feeds in self.feeds.values():
                if feeds.has_subscribers:
                    has_subscribers = True
                    feeds.push_changes(self.exchange.now_ms)
            self._push_at = self._next_turn(at) if has_subscribers else None
        if self._index_at <= at:
            for feeds in self.feeds.values():
                feeds.push_indexes()
            self._index_at = _next_multiple(at, INDEX_MS)

    def _next_turn(self, now: float) -> float:
        """When the next markets push; with few of them all do at once."""
        at = _next_multiple(now, TURN_MS)
        is_past = round(at * 1000) % PUSH_INTERVAL_MS // TURN_MS >= self._turns
        return _next_multiple(now, PUSH_INTERVAL_MS) if is_past else at

    def _find(self, order_id: int) -> Order:
        return self.exchange.orders[order_id]

    def _market(self, name: str, module: str | None = None) -> Market:
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


def _last_multiple(now: float, every_ms: int) -> float:
    """The last whole multiple of so many milliseconds that is not after now."""
    return math.floor(now * 1000) // every_ms * every_ms / 1000


__all__ = ["MODULE_BASE", "CoinexServer"]
