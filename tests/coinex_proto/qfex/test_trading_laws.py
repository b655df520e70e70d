"""Whatever happens to replies, pushes and connections: every request ends once, and no tracked order is shown wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import Failed, NotReady, OrderChanged, OrderView, Replied, RequestId, qfex
from tests.coinex_proto.qfex.joined import Joined

SYMBOL = "AAPL-USD"
FAULTS = (
    "on add_order lose-answer",
    "on add_order ignore",
    "on add_order refuse 0",
    "on add_order refuse 1",
    "on add_order refuse 2",
    "on add_order late 3",
    "on add_order late 15",
    "on add_order drop",
    "on modify_order lose-answer",
    "on modify_order refuse 0",
    "on cancel_order drop",
    "on get_order ignore",
    "on get_user_orders refuse 0",
    "on get_user_trades ignore",
    "on order_response lose",
    "on order_response duplicate",
    "on order_response corrupt",
    "on order_response 2 drop mid-frame",
    "on fill_response lose",
    "on fill_response duplicate",
    "after 3 messages drop",
)
KINDS: tuple[dict[str, Any], ...] = (
    {"order_type": "LIMIT", "price": "99"},
    {"order_type": "LIMIT", "price": "102"},
    {"order_type": "LIMIT", "price": "102", "order_time_in_force": "IOC"},
    {"order_type": "LIMIT", "price": "99", "order_time_in_force": "FOK"},
    {"order_type": "ALO", "price": "99"},
    {"order_type": "ALO", "price": "102"},
    {"order_type": "MARKET"},
    {"order_type": "LIMIT", "price": "99.123"},
)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, len(KINDS) - 1)),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("modify"), st.integers(0, 5)),
        st.tuples(st.just("fill"), st.integers(0, 5)),
        st.tuples(st.just("fault"), st.integers(0, len(FAULTS) - 1)),
        st.tuples(st.just("drop"), st.just(0)),
        st.tuples(st.just("run"), st.integers(0, 12)),
        st.tuples(st.just("deliver"), st.just(0)),
    ),
    max_size=25,
)


class Story:
    """One trader, and what was sent."""

    def __init__(self) -> None:
        self.joined = Joined(seed=1)
        self.joined.server.quote(SYMBOL, "100", "101", "5")
        self.session = self.joined.trade()
        self.sent: list[RequestId] = []
        self.views: list[OrderView] = []

    def act(self, what: str, number: int) -> None:
        match what:
            case "fault":
                self.joined.server.inject(FAULTS[number])
            case "drop":
                self.joined.server.drop()
            case "run":
                self.joined.run(number)
            case "deliver":
                self.joined.deliver()
            case "fill":
                self._fill(number)
            case _:
                try:
                    self._send(what, number)
                except NotReady:
                    pass  # over the limit after RateLimited, or no connection: nothing has left

    def _send(self, what: str, number: int) -> None:
        if what == "add":
            command = qfex.AddOrder(
                symbol=SYMBOL, side="BUY", quantity=1, client_order_id=f"c{len(self.views)}", **KINDS[number]
            )
            self.sent.append(self.session.send(command, self.joined.now))
            self.views.append(self.session.orders.of_request(self.sent[-1]))  # type: ignore[arg-type]
            return
        order = self.views[number % len(self.views)] if self.views else None
        if order is None or not isinstance(order.order_id, str):
            return
        if what == "cancel":
            self.sent.append(
                self.session.send(qfex.CancelOrder(order_id=order.order_id, symbol=SYMBOL), self.joined.now)
            )
        else:
            change = qfex.ModifyOrder(
                order_id=order.order_id,
                symbol=SYMBOL,
                side="BUY",
                order_type="LIMIT",
                price="98",
                client_order_id=order.client_order_id or "",
            )
            self.sent.append(self.session.send(change, self.joined.now))

    def _fill(self, number: int) -> None:
        orders = self.joined.server.orders()
        if orders:
            self.joined.server.fill(orders[number % len(orders)], "0.25")

    def held(self, view: OrderView) -> str:
        """The state that the exchange holds."""
        for order in self.joined.server.own.by_id.values():
            if order.client_id == view.client_order_id:
                return {"": "live", "filled": "filled", "canceled": "cancelled"}[order.finish]
        return "refused"


@given(steps)
def test_every_request_ends_once_and_every_order_as_the_exchange_has_it_or_unknown(
    actions: list[tuple[str, int]],
) -> None:
    story = Story()
    for what, number in actions:
        story.act(what, number)
    story.joined.run(120)
    events = story.joined.take(story.session)
    ended = Counter(event.request_id for event in events if isinstance(event, (Replied, Failed)))
    assert ended == Counter(story.sent)
    for view in story.views:
        assert view.state in (story.held(view), "unknown"), (view, story.held(view))
        assert view.state != "sending"
    changes = [event.order for event in events if isinstance(event, OrderChanged)]
    finals = Counter(order.client_order_id for order in changes if order.state == "sending")
    assert not finals
