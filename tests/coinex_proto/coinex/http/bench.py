"""A session that trades over HTTP without any wire: what a generator sends, and what it is answered, one by one."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar, final

from coinex_proto import Event, OrderView, Session, Sources, Update, coinex
from coinex_proto.coinex.http import HttpCommand, HttpCommands, HttpRefused, Page, spot

T = TypeVar("T")

START = 1_800_000_000.0
SOURCES = Sources(wall_time_ns=lambda: 1_800_000_000 * 10**9, random_bytes=bytes)


@final
class Bench:
    """A session at a time that the test sets."""

    def __init__(self) -> None:
        self.session = Session(coinex.spot(credentials=coinex.Credentials("A" * 8, "B" * 8)), SOURCES)
        self.now = START

    def step(self, work: Callable[[Session, float], T], /) -> T:
        return work(self.session, self.now)

    def events(self) -> list[Event]:
        found = []
        while (event := self.session.next_event()) is not None:
            found.append(event)
        return found

    def deliver(self, update: Update) -> None:
        """As if it had been pushed."""
        delivered = self.session.delivered
        if update.has_trade_ids:
            delivered.of(update.topic_key).take_new(update, is_history=False)
        else:
            delivered.note(update)

    def order(self, client_id: str) -> OrderView:
        view = self.session.orders.find(client_order_id=client_id)
        assert view is not None
        return view


def answered(commands: HttpCommands[T], *answers: object) -> tuple[list[HttpCommand[Any]], T]:
    """Runs the generator on these answers (errors are thrown in): what it sent, and what came of it."""
    sent = []
    left = list(answers)
    try:
        command = next(commands)
        while True:
            sent.append(command)
            answer = left.pop(0)
            command = commands.throw(answer) if isinstance(answer, BaseException) else commands.send(answer)
    except StopIteration as stop:
        assert left == [], "not all answers were asked for"
        return sent, stop.value


def row(order_id: int = 7, *, filled: str = "0", status: str | None = None, **more: Any) -> spot.SpotOrder:
    """An order for 0.1 BTC at 100."""
    left = Decimal("0.1") - Decimal(filled)
    values: dict[str, Any] = {
        "client_id": "mine",
        "price": Decimal(100),
        "created_at": 1_800_000_000_000,
        "updated_at": 1_800_000_000_000,
        "maker_fee_rate": Decimal("0.002"),
        "taker_fee_rate": Decimal("0.002"),
        "last_filled_amount": Decimal(filled),
        "last_filled_price": Decimal(0),
    }
    return spot.SpotOrder(
        order_id=order_id,
        market="BTCUSDT",
        market_type="SPOT",
        side="buy",
        type="limit",
        amount=Decimal("0.1"),
        unfilled_amount=left,
        filled_amount=Decimal(filled),
        filled_value=Decimal(filled) * 100,
        status=status,
        **{**values, **more},
    )


def page(*rows: object, has_next: bool = False) -> Page[Any]:
    return Page(rows=rows, has_next=has_next)


def refusal(code: int) -> HttpRefused:
    command = spot.GetOrderStatus(market="BTCUSDT", order_id=1)
    return HttpRefused(code, "no", command=command, endpoint="GET /spot/order-status", status=200)
