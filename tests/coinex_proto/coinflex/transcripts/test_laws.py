"""The laws of the core with CoinFLEX's messages: however they are cut, mixed or broken off."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto import Event, Failed, NotReady, Replied, RequestId, Session, Topic
from coinex_proto.coinflex import Balances, CancelOrder, GetOrders, OrderBook, OwnOrders, PlaceOrder, Ticker
from tests.coinex_proto.coinflex.venue import EXAMPLES, USDT, WELCOME, XBT, connected, ok, order, private, refused
from tests.coinex_proto.harness.wire import Wire, sources

TOPICS: tuple[Topic[Any], ...] = (OrderBook(XBT, USDT), Ticker(XBT, USDT), OwnOrders(), Balances())
NOTICES = [e["message"] for e in EXAMPLES if e["kind"] == "push"]
RESULTS: dict[str, dict[str, Any]] = {
    "GetOrders": {"orders": []},
    "GetBalances": {"balances": []},
    "WatchOrders": {"orders": [order(9001, 10000, 96000000), order(9002, -20000, 96100000)]},
    "WatchTicker": {"last": 1, "bid": None, "ask": 3, "low": 1, "high": 4, "volume": 9},
    "PlaceOrder": {"id": 118061, "time": 1581946800002000},
    "CancelOrder": {
        "id": 118061,
        "tonce": 2,
        "base": XBT,
        "counter": USDT,
        "quantity": 7500,
        "price": 96020000,
        "time": 1,
    },
}
Step: TypeAlias = tuple[str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["notice", "answer", "refuse", "stray", "place", "cancel", "query", "junk", "time"]),
        st.integers(0, 99),
    ),
    max_size=30,
)


class Talk:
    """A session, the requests that the exchange got, and what came out."""

    def __init__(self, size: int) -> None:
        self.session = Session(private(), sources())
        self.session.subscribe(*TOPICS, now=0.0)
        self.link: Wire = connected(self.session)
        self.size = size
        self.now = 0.0
        self.events: list[Event] = []
        self.sent: list[RequestId] = []
        self.requests: list[dict[str, Any]] = []
        self.say(WELCOME)
        (login,) = self.link.sent()
        self.say(ok(login))

    def say(self, value: object) -> None:
        """In pieces of so many bytes."""
        data = self.link.peer.text(value if isinstance(value, str) else json.dumps(value))
        for start in range(0, len(data), self.size):
            self.session.receive_data(data[start : start + self.size], self.now)
        self.events += self.link.events()

    def step(self, action: str, number: int) -> None:
        self.requests += self.link.sent()
        if action == "notice":
            self.say(NOTICES[number % len(NOTICES)])
        elif action in ("answer", "refuse") and self.requests:
            request = self.requests.pop(number % len(self.requests))
            right = ok(request, **RESULTS.get(request["method"], {}))
            self.say(right if action == "answer" else refused(request, number % 6 + 1, "no"))
        elif action == "stray":
            self.say({"tag": 10**6 + number, "error_code": 0})
        elif action == "junk":
            self.say(["{", "null", '{"notice":"OrderOpened"}', '{"error_code":0}'][number % 4])
        elif action == "time":
            self.now += 0.01 * number
        elif self.session.phase.value == "ready":
            with suppress(NotReady):  # the venue has just said that it gets too many
                self.sent.append(self.session.send(self.command(action, number), self.now))

    def command(self, action: str, number: int) -> Any:
        if action == "place":
            return PlaceOrder(base=XBT, counter=USDT, quantity=10000, price=96010000, tonce=number + 1)
        return CancelOrder(id=118061) if action == "cancel" else GetOrders()

    def end(self) -> None:
        self.session.disconnected(self.now + 1.0)
        self.events += self.link.events()


def played(steps: list[Step], size: int) -> Talk:
    talk = Talk(size)
    for action, number in steps:
        talk.step(action, number)
    talk.end()
    return talk


@settings(max_examples=100, deadline=None)
@given(STEPS, st.integers(1, 40))
def test_however_bytes_are_cut_the_events_are_the_same(steps: list[Step], size: int) -> None:  # law 1
    cut, whole = (list(map(repr, played(steps, each).events)) for each in (size, 10**9))
    assert cut == whole


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_every_request_ends_exactly_once_and_every_order_in_some_state(steps: list[Step]) -> None:  # law 5
    talk = played(steps, 10**9)
    ended = [event.request_id for event in talk.events if isinstance(event, (Replied, Failed))]
    assert sorted(ended) == sorted(talk.sent)
    assert all(view.state == "unknown" for view in talk.session.orders.open())
    assert not talk.session.trusted(*TOPICS)
