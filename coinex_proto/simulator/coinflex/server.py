"""The local CoinFLEX as one object without I/O: its socket and its two HTTP queries over the same matching core.

Replies and notices are two streams that are not in step, as on the real venue: each is held up a little, by chance from the
seed. How a host uses it stands in `venue_server.py`.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, ClassVar, Final

from coinex_proto.simulator.coinflex.accounts import (
    EXAMPLE_COOKIE,
    EXAMPLE_PASSPHRASE,
    EXAMPLE_USER_ID,
    NONCE_BYTES,
    Account,
    public_key,
)
from coinex_proto.simulator.coinflex.catalogue import CODES, assets, market_names, markets, specs
from coinex_proto.simulator.coinflex.reports import CoinflexReports, Notice
from coinex_proto.simulator.coinflex.socket import CoinflexSocket
from coinex_proto.simulator.coinflex.streams import Streams
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

DEPOSITS: Final = {"XBT": 100, "ETH": 10_000, "USDC": 1_000_000, "USDT": 1_000_000}
WELCOME_AFTER: Final = 0.001
TICKER_EVERY: Final = 0.2
JSON: Final = (("content-type", "application/json"),)


class CoinflexServer(VenueServer[int]):
    """One socket with one account; by default the account of the documented examples."""

    half_frame: ClassVar[bytes] = text_frame(b'{"notice":"OrderOpened"}')[:7]
    idle_limit: ClassVar[float] = 60.0

    def __init__(
        self,
        *,
        now: float,
        seed: int | str = 0,
        markets: Sequence[str] | int = ("XBT/USDT",),
        user_id: int = EXAMPLE_USER_ID,
        cookie: str = EXAMPLE_COOKIE,
        passphrase: str = EXAMPLE_PASSPHRASE,
        crowd: CrowdSettings = CrowdSettings(),  # noqa: B008 - a frozen value
        faults: str | Sequence[Fault] = "",
        answers_pings: bool = True,
        answers_close: bool = True,
        max_request_bytes: int = 65_536,
        is_in_step: bool = False,
    ) -> None:
        """`is_in_step`: nothing is held up, so that replies come after the notices that they cause."""
        names = market_names(markets) if isinstance(markets, int) else tuple(markets)
        super().__init__(
            Exchange(specs(names), now_ms=round(now * 1000)),
            now=now,
            seed=seed,
            crowd=crowd,
            faults=faults,
            answers_pings=answers_pings,
            answers_close=answers_close,
            max_request_bytes=max_request_bytes,
        )
        self.reports: CoinflexReports = CoinflexReports(self.exchange, self._publish)
        self.exchange.listeners.append(self.reports)
        self.user_id: int = user_id
        self.cookie: str = cookie
        self.passphrase: str = passphrase
        """Of its one account; worth nothing outside."""
        self.owner: int = self.exchange.open_account()
        self._account = Account(user_id=user_id, cookie=cookie, key=public_key(user_id, passphrase), owner=self.owner)
        for currency in CODES:
            self.exchange.ledger.deposit(self.owner, "spot", currency, to_scaled(DEPOSITS[currency], 20))
        self.exchange.ledger.take_moved()
        self._nonces = Random(f"{seed}:nonces")
        self._streams = Streams(self._faults, seed, is_in_step=is_in_step)
        self._ticker_at = math.inf

    # what a test does

    def skew_clock(self, seconds: float) -> None:
        """Nothing: this venue shows no time and signs none."""

    def sign_out(self) -> None:
        """Forget who has signed in; the sockets stay."""
        for socket in self._sockets():
            socket.account = None

    def announce_maintenance(self, start: float, end: float) -> None:
        """Nothing: this venue announces none."""

    # what connections and sockets need

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        path = request.target.partition("?")[0]
        if request.method != "GET" or path not in ("/assets/", "/markets/"):
            return HttpResponse(status=404)
        code = self.take_refusal(path)
        if code is not None:
            return HttpResponse(status=code)
        return self._faults.http(connection, request, path, self._query, lambda code: HttpResponse(status=code))

    def _query(self, request: HttpRequest) -> HttpResponse:
        path = request.target.partition("?")[0]
        found = assets() if path == "/assets/" else markets(tuple(self.exchange.markets))
        return HttpResponse(body=json.dumps(found).encode("ascii"), headers=JSON)

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> CoinflexSocket | HttpResponse:
        if request.target.partition("?")[0].rstrip("/") != "/v1":
            return HttpResponse(status=404)
        refusal = self._faults.connect(connection)
        if refusal is not None:
            return refusal
        nonce = self._nonces.randbytes(NONCE_BYTES)
        welcome = {"notice": "Welcome", "nonce": base64.b64encode(nonce).decode("ascii")}
        self._streams.notify(connection, welcome, self.now, WELCOME_AFTER)
        return CoinflexSocket(self, connection, nonce)

    def ended(self, connection: ServerConnection) -> None:
        super().ended(connection)
        self._streams.forget(connection)

    def requested(self, socket: CoinflexSocket, method: str, command: dict[str, Any]) -> None:
        """One command of a socket."""

        def refuse(code: int) -> None:
            socket.answer(command.get("tag"), code, "")

        self._carry_out(socket.connection, method, partial(socket.perform, command), refuse, refuse)
        self._schedule_pushes()

    def reply(self, connection: ServerConnection, reply: dict[str, Any]) -> None:
        """Send a reply; replies may overtake each other."""
        self._streams.reply(connection, reply, self.now)

    def account(self, user_id: object) -> Account | None:
        """Who this is."""
        return self._account if type(user_id) is int and user_id == self.user_id else None

    def wake(self, name: str) -> None:
        """Somebody looks at this market: it begins to trade."""
        self.crowds.wake(name, self.now)

    def push_tickers(self) -> None:
        """Push what has changed of the tickers, to those who watch them."""
        watchers = [socket for socket in self._sockets() if socket.watched["WatchTicker"]]
        for name in sorted({name for socket in watchers for name in socket.watched["WatchTicker"]}):
            changes = self.reports.ticker_changes(name)
            each = self.reports.pairs[name]
            notice = {"notice": "TickerChanged", "base": each.base, "counter": each.counter, **changes}
            for socket in watchers:
                if changes and name in socket.watched["WatchTicker"]:
                    self._streams.notify(socket.connection, notice, self.now)

    # notices

    def _publish(self, name: str, public: Notice, private: dict[int, Notice]) -> None:
        """A notice to those who watch this market, or instead its own form to an owner."""
        for socket in self._sockets():
            own = private.get(socket.account.owner) if socket.account is not None else None
            if own is not None:
                self._streams.notify(socket.connection, own, self.now)
            elif name and name in socket.watched["WatchOrders"]:
                self._streams.notify(socket.connection, public, self.now)

    def _sockets(self) -> list[CoinflexSocket]:
        return [c.service for c in self.connections if isinstance(c.service, CoinflexSocket)]

    # time

    def _schedule_pushes(self) -> None:
        if self._ticker_at == math.inf and any(socket.watched["WatchTicker"] for socket in self._sockets()):
            self._ticker_at = self.now + TICKER_EVERY

    def _pushes_at(self) -> float:
        return min(self._streams.next_at, self._ticker_at)

    def _step(self, at: float) -> None:
        self._streams.deliver(at)
        super()._step(at)

    def _push_due(self, at: float) -> None:
        if self._ticker_at <= at:
            self.push_tickers()
            self._ticker_at = math.inf
            self._schedule_pushes()

    def _find(self, order_id: int) -> Order:
        return self.exchange.orders[order_id]

    def _market(self, name: str) -> Market:
        market = self.exchange.markets.get(name)
        if market is None:
            raise ValueError(f"no market {name!r}; there are {', '.join(self.exchange.markets)}")
        return market
