"""The private channels of the CoinEx sockets: what the exchange reports, written for whoever has signed in.

Source: CoinEx API v2, order, user_deals, position and balance channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from coinex_proto.simulator.coinex.feeds import Feeds
from coinex_proto.simulator.coinex.prices import Prices
from coinex_proto.simulator.coinex.wire import (
    Push,
    Subscriber,
    futures_balance,
    futures_order,
    futures_stop,
    spot_balance,
    spot_order,
    spot_stop,
    user_deal,
)
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder

FUTURES_BALANCE_DELAY: Final = 0.1
MAINTENANCE_CHANNEL: Final = 101
ORDER_FORMS: Final = {"spot": spot_order, "futures": futures_order}
STOP_FORMS: Final = {"spot": spot_stop, "futures": futures_stop}


class PrivateSubscriber(Subscriber, Protocol):
    """One socket, with or without an account."""

    module: str
    owner: int | None

    def wants(self, topic: str, name: str) -> bool: ...


class PrivateFeeds:
    """Listens to the exchange and writes to sockets."""

    def __init__(self, exchange: Exchange, prices: Prices, feeds: dict[str, Feeds]) -> None:
        self._exchange = exchange
        self._prices = prices
        self._feeds = feeds
        self.sockets: dict[PrivateSubscriber, None] = {}
        """All open ones, in the order of their coming."""
        self._late: dict[tuple[int, str], None] = {}
        self.due_at: float | None = None
        """When the futures balances that have moved are due, in seconds."""
        self.now: float = 0.0
        """Kept by the owner of the clock."""

    def top_changed(self, market: Market) -> None:
        self._feeds[market.spec.wallet].push_quote(market)

    def filled(self, fill: Fill) -> None:
        self._send("user_deals", fill.market, fill.order.owner, lambda: user_deal(fill))

    def order_changed(self, order: Order, event: str) -> None:
        market = self._exchange.markets[order.market]
        form = ORDER_FORMS[market.spec.wallet]
        self._send("order", market, order.owner, lambda: {"event": event, "order": form(market, order)})

    def stop_changed(self, stop: StopOrder, event: str) -> None:
        market = self._exchange.markets[stop.market]
        form = STOP_FORMS[market.spec.wallet]
        self._send("stop", market, stop.owner, lambda: {"event": event, "stop": form(market, stop)})

    def position_changed(self, position: Position, event: str) -> None:
        market = self._exchange.markets[position.market]
        self._send(
            "position", market, position.owner, lambda: {"event": event, "position": self._prices.position(position)}
        )

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None:
        if wallet == "spot":
            self._send_balance(owner, wallet, currency)
            return
        self._late[owner, currency] = None
        if self.due_at is None:
            self.due_at = self.now + FUTURES_BALANCE_DELAY

    def announce(self, info: dict[str, object]) -> None:
        """A notice of system maintenance to every subscriber."""
        push = Push("notice.update", {"channel": MAINTENANCE_CHANNEL, "info": info})
        for socket in tuple(self.sockets):
            if socket.owner is not None and socket.wants("notice", str(MAINTENANCE_CHANNEL)):
                socket.deliver(push)

    def send_late(self) -> None:
        """The futures balances that have moved; they come in batches."""
        late, self.due_at = tuple(self._late), None
        self._late.clear()
        for owner, currency in late:
            self._send_balance(owner, "futures", currency)

    def balance(self, owner: int, wallet: str, currency: str) -> dict[str, object]:
        """One entry of a balance list."""
        balance = self._exchange.ledger.balance(owner, wallet, currency)
        if wallet == "spot":
            return spot_balance(currency, balance)
        return futures_balance(currency, balance, self._prices.unrealized(owner, currency))

    def _send_balance(self, owner: int, wallet: str, currency: str) -> None:
        push: Push | None = None
        for socket in self._listening("balance", wallet, currency, owner):
            push = push or Push("balance.update", {"balance_list": [self.balance(owner, wallet, currency)]})
            socket.deliver(push)

    def _send(self, topic: str, market: Market, owner: int, data: Callable[[], dict[str, object]]) -> None:
        push: Push | None = None
        for socket in self._listening(topic, market.spec.wallet, market.spec.name, owner):
            push = push or Push(f"{topic}.update", data())
            socket.deliver(push)

    def _listening(self, topic: str, module: str, name: str, owner: int) -> Iterator[PrivateSubscriber]:
        for socket in tuple(self.sockets):
            if socket.owner == owner and socket.module == module and socket.wants(topic, name):
                yield socket
