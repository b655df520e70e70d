"""An exchange with two accounts, and a listener that keeps its events."""

from __future__ import annotations

from coinex_proto.simulator.market.amounts import to_scaled
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Side

SPOT, FUTURES, INVERSE = "spot:BTCUSDT", "futures:BTCUSDT", "futures:BTCUSD"
COIN = 10**8
"""Lots of one BTC."""
MONEY = (("spot", "USDT", 10**6), ("spot", "BTC", 100), ("futures", "USDT", 10**6), ("futures", "BTC", 100))


class Book:
    """An exchange with two accounts of a million USDT and 100 BTC each."""

    def __init__(self) -> None:
        self.exchange = Exchange(specs(["BTCUSDT", "BTCUSD"]), now_ms=1000)
        self.first, self.second = self.exchange.open_account(), self.exchange.open_account()
        for owner in (self.first, self.second):
            for wallet, currency, amount in MONEY:
                self.exchange.ledger.deposit(owner, wallet, currency, to_scaled(amount, 20))

    def place(
        self, owner: int, side: Side, amount: int, price: int = 0, kind: str = "limit", **options: object
    ) -> Order:
        """Amount in BTC, price in USDT."""
        return self.exchange.place(
            owner,
            SPOT,
            side,
            kind,
            amount=amount * COIN,
            price=price * 100,
            **options,  # type: ignore[arg-type]
        )

    @property
    def market(self) -> Market:
        return self.exchange.markets[SPOT]

    def available(self, owner: int, currency: str) -> float:
        return self.exchange.ledger.balance(owner, "spot", currency).available / 10**20


class Notes:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def top_changed(self, market: Market) -> None:
        self.events.append(("top", market.spec.key, market.top))

    def filled(self, fill: Fill) -> None:
        deal = fill.deal
        self.events.append(("fill", deal.deal_id, deal.price, deal.lots))

    def order_changed(self, order: Order, event: str) -> None:
        self.events.append((event, order.order_id, order.left, order.filled))

    def stop_changed(self, stop: object, event: str) -> None:
        self.events.append(("stop", event))

    def position_changed(self, position: Position, event: str) -> None:
        self.events.append(("position", event, position.lots, position.cost, position.realized))

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None:
        self.events.append(("balance", owner, wallet, currency))
