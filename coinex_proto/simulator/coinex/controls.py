"""What the page of a local CoinEx sees of it and makes it do."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

from attrs import asdict

from coinex_proto.simulator.coinex.feeds import Feeds
from coinex_proto.simulator.coinex.private import ORDER_FORMS, PrivateFeeds
from coinex_proto.simulator.coinex.socket import MODULE_BASE, PRIVATE, PUBLIC, CoinexSocket
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.control import Argument, Arguments, ControlError, Form, Verb, amount_of, text_of
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.matching import Order, Side

_SIDE: Final = Argument(name="side", kind="choice", choices=("buy", "sell"), default="buy")

VERBS: Final = (
    Form(
        name="quote",
        says="the book is exactly one bid and one ask",
        arguments=(Argument(name="bid"), Argument(name="ask"), Argument(name="size", default="1")),
    ),
    Form(
        name="trade",
        says="somebody buys or sells so much at the market",
        arguments=(_SIDE, Argument(name="amount", default="0.1")),
    ),
    Form(
        name="place",
        says="a limit order of the account, as another program of its owner would place it",
        arguments=(_SIDE, Argument(name="price"), Argument(name="amount", default="0.1")),
    ),
    Form(
        name="fill",
        says="somebody takes the other side of an own order, all of it or so much",
        arguments=(Argument(name="order", kind="order"), Argument(name="amount", is_optional=True)),
    ),
)
"""What a person makes it do to the market that is shown; all else that can be done to it is a fault."""


class Controlled(Protocol):
    """What the controls need of the server."""

    seed: int | str
    started_ms: int
    exchange: Exchange
    feeds: dict[str, Feeds]
    private: PrivateFeeds
    connections: dict[ServerConnection, None]
    owner: int
    access_id: str
    secret_key: str
    keys: tuple[tuple[str, str], ...]

    @property
    def clock_ms(self) -> int: ...

    def quote(self, market: str, bid: str, ask: str, size: str, *, module: str | None) -> None: ...

    def trade(self, market: str, side: Side, amount: str, *, module: str | None) -> None: ...

    def place(self, market: str, side: Side, price: str, amount: str, *, module: str | None) -> Order: ...

    def fill(self, order: int, amount: str | None) -> None: ...

    def orders(self) -> tuple[Order, ...]: ...

    def inject(self, fault: str) -> None: ...


class CoinexControls:
    """The verbs of one server."""

    def __init__(self, server: Controlled) -> None:
        self._server = server
        self.verbs: dict[str, Verb] = {
            "look": self._look,
            "account": self._account,
            "sign": self._sign,
            "quote": self._quote,
            "trade": self._trade,
            "place": self._place,
            "fill": self._fill,
            "inject": self._inject,
        }

    def hello(self) -> dict[str, Any]:
        server = self._server
        topics = sorted({topic for sorts in (PUBLIC, PRIVATE) for module in sorts.values() for topic in module})
        topics.insert(0, "depth")
        return {
            "venue": "CoinEx",
            "run": f"{server.seed}:{server.started_ms}",
            "access_id": server.access_id,
            "accounts": len(server.keys),
            "markets": [
                {"name": name, "module": module} for module in MODULE_BASE for name in server.feeds[module].markets
            ],
            "verbs": [asdict(form) for form in VERBS],
            "requests": ["server.sign", "server.ping", "server.time", *(f"{topic}.subscribe" for topic in topics)],
            "pushes": [*(f"{topic}.update" for topic in topics), "messages"],
        }

    def _look(self, _: Arguments) -> dict[str, Any]:
        """Who is connected, and the clock."""
        clients = [
            {
                "number": connection.number,
                "module": service.module,
                "client": service.client,
                "is_signed_in": service.owner is not None,
                "sent": connection.frames_sent,
                "subscriptions": service.subscriptions(),
            }
            for connection in self._server.connections
            if isinstance(service := connection.service, CoinexSocket)
        ]
        return {"now_ms": self._server.exchange.now_ms, "clock_ms": self._server.clock_ms, "clients": clients}

    def _account(self, given: Arguments) -> dict[str, Any]:
        """Balances and open orders of the first account as they are: the sockets tell changes only."""
        server, module = self._server, _module(given) or "spot"
        return {
            "balances": [
                server.private.balance(server.owner, module, currency)
                for currency, _ in tuple(server.exchange.ledger.wallet(server.owner, module))
            ],
            "orders": [self._written(order) for order in server.orders() if self._wallet(order) == module],
        }

    def _sign(self, given: Arguments) -> dict[str, Any]:
        """The parameters of `server.sign` at this time of the client's clock: the secret stays here."""
        stamp = text_of(given, "timestamp")
        if not (stamp.isascii() and stamp.isdecimal()) or len(stamp) > 15:
            raise ControlError("timestamp is Unix time in milliseconds")
        signature = hmac.new(self._server.secret_key.encode("latin-1"), stamp.encode("ascii"), sha256).hexdigest()
        return {"access_id": self._server.access_id, "signed_str": signature, "timestamp": int(stamp)}

    def _quote(self, given: Arguments) -> None:
        bid, ask, size = (amount_of(given, name) for name in ("bid", "ask", "size"))
        self._server.quote(text_of(given, "market"), bid, ask, size, module=_module(given))

    def _trade(self, given: Arguments) -> None:
        market, amount = text_of(given, "market"), amount_of(given, "amount")
        self._server.trade(market, _side(given), amount, module=_module(given))

    def _place(self, given: Arguments) -> dict[str, Any]:
        market, price, amount = text_of(given, "market"), amount_of(given, "price"), amount_of(given, "amount")
        return self._written(self._server.place(market, _side(given), price, amount, module=_module(given)))

    def _fill(self, given: Arguments) -> None:
        number = text_of(given, "order")
        if not number.isdecimal() or len(number) > 18 or int(number) not in self._server.exchange.orders:
            raise ControlError(f"no order {number[:20]!r}")
        self._server.fill(int(number), amount_of(given, "amount") if given.get("amount") else None)

    def _inject(self, given: Arguments) -> None:
        self._server.inject(" ".join(text_of(given, "line").split()))

    def _wallet(self, order: Order) -> str:
        return self._server.exchange.markets[order.market].spec.wallet

    def _written(self, order: Order) -> dict[str, Any]:
        market = self._server.exchange.markets[order.market]
        return ORDER_FORMS[market.spec.wallet](market, order)


def _module(given: Arguments) -> str | None:
    module = given.get("module")
    if module is not None and module not in MODULE_BASE:
        raise ControlError(f"module is one of {', '.join(MODULE_BASE)}")
    return module


def _side(given: Arguments) -> Side:
    found: dict[str, Literal["buy", "sell"]] = {"buy": "buy", "sell": "sell"}
    side = found.get(text_of(given, "side"))
    if side is None:
        raise ControlError("side is buy or sell")
    return side
