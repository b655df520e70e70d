"""What CoinFLEX says of own orders, in the words of the shared order tracker.

Numbers become decimals by the table of assets; where it lacks the base asset, they are left out. Times are the venue's
microseconds, but for those of queries and cancellations: there they tell when the order was opened, not how new the
answer is. Source: CoinFLEX API v1, notices and replies; "own fills".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal

from coinex_proto.coinflex.account_updates import (
    OpenOrder,
    OpenOrdersUpdate,
    OrderAmended,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OwnOrderUpdate,
)
from coinex_proto.coinflex.assets import Assets, decimal_of, price_of
from coinex_proto.coinflex.market_updates import (
    Absent,
    OrderClosed,
    OrderModified,
    OrderNotice,
    OrderOpened,
    OrdersMatched,
    Tonce,
    trade_id,
)
from coinex_proto.orders.fact import Fill, OrderFact
from coinex_proto.orders.states import OrderState
from coinex_proto.updates import Update

_NO_REST: Final = "a market order does not rest: what found no counterpart or no funds is gone"


def order_facts(update: Update, assets: Assets) -> Sequence[OrderFact]:
    """What one update says of orders; nothing for most."""
    match update:
        case OwnOrderUpdate():
            return _of_notice(update.notice, assets)
        case OpenOrdersUpdate():
            return [_of_query(order, assets, "live") for order in update.orders]
        case OrdersCancelled():
            return [_of_query(order, assets, "cancelled") for order in update.orders]
        case OrderPlaced():
            return (_placed(update, assets),)
        case OrderAmended():
            return (_amended(update, assets),)
        case OrderCancelled():
            return (_of_query(update, assets, "cancelled"),)
    return ()


def _of_notice(notice: OrderNotice, assets: Assets) -> Sequence[OrderFact]:
    match notice:
        case OrderOpened():
            return (_opened(notice, assets),)
        case OrderModified():
            return (_amended(notice, assets),)
        case OrdersMatched():
            return _matched(notice, assets)
        case OrderClosed():
            return (_closed(notice, assets),)


def _opened(notice: OrderOpened, assets: Assets) -> OrderFact:
    amount = _amount(assets, notice.base, notice.quantity)
    return OrderFact(
        order_id=notice.id,
        client_order_id=_name(notice.tonce),
        market=assets.market_name(notice.base, notice.counter),
        side=_side(notice.quantity),
        price=_price(assets, notice.base, notice.price),
        amount=amount,
        remaining=amount,
        state="live",
        at=notice.time,
    )


def _amended(change: OrderModified | OrderAmended, assets: Assets) -> OrderFact:
    is_notice = isinstance(change, OrderModified)
    # A reply of nothing left may tell of one amended to nothing, or of one that traded at once at its new price.
    ended: OrderState | None = "cancelled" if is_notice else None
    return OrderFact(
        order_id=change.id,
        client_order_id=_name(change.tonce),
        market=assets.market_name(change.base, change.counter),
        side=_side(change.quantity) if change.quantity else None,
        price=_price(assets, change.base, change.price),
        remaining=_amount(assets, change.base, change.quantity),
        state="live" if change.quantity else ended,
        at=change.time,
        # Of the two only the notice keeps its place among the trades; a reply may come after later ones.
        is_amended=is_notice,
    )


def _closed(notice: OrderClosed, assets: Assets) -> OrderFact:
    return OrderFact(
        order_id=notice.id,
        client_order_id=_name(notice.tonce),
        market=assets.market_name(notice.base, notice.counter),
        price=_price(assets, notice.base, notice.price),
        remaining=_amount(assets, notice.base, notice.quantity),
        state="cancelled" if notice.quantity else "filled",
        at=notice.time_closed,
    )


def _matched(notice: OrdersMatched, assets: Assets) -> Sequence[OrderFact]:
    """Of each side that is ours."""
    quantity, price = _amount(assets, notice.base, notice.quantity), _price(assets, notice.base, notice.price)
    fill = None if quantity is None else Fill(trade_id(notice), quantity, price)
    sides = (
        ("buy", notice.bid, notice.bid_tonce, notice.bid_rem),
        ("sell", notice.ask, notice.ask_tonce, notice.ask_rem),
    )
    return [
        OrderFact(
            order_id=order_id,
            client_order_id=_name(tonce),
            market=assets.market_name(notice.base, notice.counter),
            side=side,
            remaining=None if left is None else _amount(assets, notice.base, left),
            at=notice.time,
            fill=fill,
        )
        for side, order_id, tonce, left in sides
        if not isinstance(tonce, Absent)
    ]


def _of_query(order: OpenOrder | OrderCancelled, assets: Assets, state: Literal["live", "cancelled"]) -> OrderFact:
    return OrderFact(
        order_id=order.id,
        client_order_id=_name(order.tonce),
        market=assets.market_name(order.base, order.counter),
        side=_side(order.quantity) if order.quantity else None,
        price=_price(assets, order.base, order.price),
        remaining=_amount(assets, order.base, order.quantity),
        state=state,
    )


def _placed(reply: OrderPlaced, assets: Assets) -> OrderFact:
    """Not its price: OrderOpened tells it, rounded to the tick, which may have come before."""
    sent = reply.quantity or reply.total or 0
    amount = None if reply.quantity is None else _amount(assets, reply.base, reply.quantity)
    fact = OrderFact(
        order_id=reply.id,
        client_order_id=_name(reply.tonce),
        market=assets.market_name(reply.base, reply.counter),
        side=_side(sent),
        amount=amount,
        state="live",
        at=reply.time,
    )
    return fact if reply.remaining is None else _market_order(fact, reply, reply.remaining, assets)


def _market_order(fact: OrderFact, reply: OrderPlaced, remaining: int, assets: Assets) -> OrderFact:
    """It is over with its reply. One by total is counted in another currency than its fills."""
    left = None if reply.quantity is None else _amount(assets, reply.base, remaining)
    return OrderFact(
        client_order_id=fact.client_order_id,
        market=fact.market,
        side=fact.side,
        amount=fact.amount,
        remaining=left,
        state="cancelled" if remaining else "filled",
        why=" ".join(filter(None, (_NO_REST if remaining else "", _traded_of(reply, remaining, assets)))),
    )


def _traded_of(reply: OrderPlaced, remaining: int, assets: Assets) -> str:
    """Of an order by total, which is over before its fills are known: that they are to come."""
    traded = abs(reply.total or 0) - abs(remaining)
    counter = assets.get(reply.counter)
    if traded <= 0 or counter is None:
        return ""
    return (
        f"{decimal_of(traded, counter.places)} {counter.name} was traded; what for is told by its trades, maybe later"
    )


def _name(tonce: Tonce) -> str | None:
    return str(tonce) if isinstance(tonce, int) else None


def _side(quantity: int) -> str:
    return "buy" if quantity > 0 else "sell"


def _amount(assets: Assets, base: int, units: int) -> Decimal | None:
    asset = assets.get(base)
    return None if asset is None else decimal_of(abs(units), asset.places)


def _price(assets: Assets, base: int, units: int) -> Decimal | None:
    return None if assets.get(base) is None else price_of(units)
