"""Queues behind streams: nothing lost in silence, nothing held up."""

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.delivery.callbacks import Callbacks
from coinex_proto.delivery.streams import Latest, Queue
from coinex_proto.errors import ConsumerTooSlow, UsageError
from coinex_proto.events import Ready
from coinex_proto.ids import TopicKey
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update
from tests.memory import traced


@frozen(kw_only=True)
class Price(Update):
    market: str
    value: int = 0

    @property
    def topic_key(self) -> TopicKey:
        return ("price", self.market)


@frozen
class Prices(Topic[Price]):
    market: str | None = None
    event = Price
    is_whole_state = True

    @property
    def key(self) -> TopicKey:
        return ("price", self.market)


@frozen
class Deals(Topic[Price]):
    market: str
    event = Price

    @property
    def key(self) -> TopicKey:
        return ("deal", self.market)


BTC, ETH = Price(market="BTC"), Price(market="ETH")


def test_what_is_wanted_waits_in_order_and_the_rest_is_not_queued() -> None:
    callbacks = Callbacks()
    queue = Queue(callbacks, Prices("BTC"), Ready, size=10)
    for event in (BTC, ETH, Ready(), BTC):
        callbacks.dispatch(event)
    assert queue.waiting == 3
    assert queue.take() == BTC
    assert queue.take_all() == (Ready(), BTC)
    assert queue.take_all() == ()
    with pytest.raises(IndexError):
        queue.take()


def test_nothing_named_is_every_event() -> None:
    callbacks = Callbacks()
    queue: Queue[Event] = Queue(callbacks, size=10)
    for event in (BTC, Ready()):
        callbacks.dispatch(event)
    assert queue.take_all() == (BTC, Ready())


def test_an_event_that_is_wanted_twice_is_queued_once() -> None:
    callbacks = Callbacks()
    queue = Queue(callbacks, Update, Prices("BTC"), Prices(), size=10)
    callbacks.dispatch(BTC)
    callbacks.dispatch(BTC)
    assert queue.take_all() == (BTC, BTC)


def test_a_full_queue_may_be_emptied_in_time() -> None:
    callbacks = Callbacks()
    queue = Queue(callbacks, Price, size=2)
    for _ in range(5):
        callbacks.dispatch(BTC)
        callbacks.dispatch(ETH)
        assert queue.take_all() == (BTC, ETH)
    assert not queue.is_ended


def test_c6_an_overflow_ends_this_queue_alone_and_says_how_many_waited() -> None:
    callbacks = Callbacks()
    slow, quick = Queue(callbacks, Price, size=2), Queue(callbacks, Price, size=10)
    for _ in range(3):
        callbacks.dispatch(BTC)
    assert slow.is_ended
    assert slow.waiting == 0
    for _ in range(2):
        with pytest.raises(ConsumerTooSlow) as caught:
            slow.take()
        assert caught.value.waiting == 2
        with pytest.raises(ConsumerTooSlow):
            slow.take_all()
    assert len(quick.take_all()) == 3
    callbacks.dispatch(BTC)
    assert quick.take() == BTC


def test_c6_a_consumer_who_never_takes_costs_no_memory_without_end() -> None:
    callbacks = Callbacks()
    Queue(callbacks, Price, size=100)
    latest = Latest(callbacks, Prices())

    def dispatch() -> None:
        for number in range(100_000):
            callbacks.dispatch(Price(market="BTC", value=number))

    grown, _ = traced(dispatch)
    assert grown < 1_000_000
    assert (latest.skipped, latest.waiting) == (99_999, 1)


def test_an_ended_queue_takes_nothing_in_and_gives_what_waits() -> None:
    callbacks = Callbacks()
    queue = Queue(callbacks, Price, size=10)
    callbacks.dispatch(BTC)
    queue.end()
    queue.end()
    callbacks.dispatch(BTC)
    queue.put(BTC)
    assert queue.is_ended
    assert queue.take_all() == (BTC,)
    assert not callbacks.wants(Price)


def test_c4_a_queue_ended_by_a_callback_gets_nothing_more_of_the_same_event() -> None:
    callbacks = Callbacks()
    ending = list[Queue[Price]]()
    callbacks.add(Price, lambda _: ending[0].end())
    ending.append(Queue(callbacks, Price, size=10))
    callbacks.dispatch(BTC)
    assert ending[0].waiting == 0


def test_the_consumer_is_woken_when_there_is_something_new_to_see() -> None:
    callbacks, woken = Callbacks(), list[int]()
    queue = Queue(callbacks, Price, size=2, wake=lambda: woken.append(queue.waiting))
    callbacks.dispatch(BTC)
    callbacks.dispatch(BTC)
    assert woken == [1]
    queue.take_all()
    callbacks.dispatch(BTC)
    assert woken == [1, 1]
    callbacks.dispatch(BTC)
    callbacks.dispatch(BTC)  # one too many
    assert woken == [1, 1, 0]
    assert queue.is_ended


def test_ending_wakes_the_consumer_once() -> None:
    callbacks, woken = Callbacks(), list[str]()
    queue = Queue(callbacks, Price, size=2, wake=lambda: woken.append("queue"))
    latest = Latest(callbacks, Prices(), wake=lambda: woken.append("latest"))
    for one in (queue, latest):
        one.end()
        one.end()
    assert woken == ["queue", "latest"]


def test_the_newest_of_each_topic_waits_and_what_it_replaced_is_counted() -> None:
    callbacks = Callbacks()
    latest = Latest(callbacks, Prices("BTC"), Prices("ETH"))
    for number in range(3):
        callbacks.dispatch(Price(market="BTC", value=number))
        callbacks.dispatch(Price(market="ETH", value=number))
        callbacks.dispatch(Price(market="XRP", value=number))
    assert (latest.waiting, latest.skipped) == (2, 4)
    assert latest.take_all() == (Price(market="BTC", value=2), Price(market="ETH", value=2))
    assert latest.take_all() == ()
    with pytest.raises(IndexError):
        latest.take()


def test_the_topic_that_waits_longest_is_taken_first() -> None:
    callbacks = Callbacks()
    latest = Latest(callbacks, Prices())
    for market, value in (("A", 1), ("B", 1), ("A", 2), ("C", 1)):
        callbacks.dispatch(Price(market=market, value=value))
    assert latest.take() == Price(market="A", value=2)
    callbacks.dispatch(Price(market="A", value=3))
    assert [latest.take().market for _ in range(3)] == ["B", "C", "A"]


def test_latest_wakes_only_when_it_was_empty() -> None:
    callbacks, woken = Callbacks(), list[int]()
    latest = Latest(callbacks, Prices(), wake=lambda: woken.append(1))
    for _ in range(3):
        callbacks.dispatch(BTC)
    assert woken == [1]
    latest.take()
    callbacks.dispatch(BTC)
    assert woken == [1, 1]


def test_an_ended_latest_takes_nothing_in_and_gives_what_waits() -> None:
    callbacks = Callbacks()
    latest = Latest(callbacks, Prices())
    callbacks.dispatch(BTC)
    latest.end()
    callbacks.dispatch(ETH)
    latest.put(ETH)
    assert latest.is_ended
    assert latest.take_all() == (BTC,)


def test_topics_whose_every_event_counts_are_refused_by_name() -> None:
    callbacks = Callbacks()
    with pytest.raises(UsageError, match=r"Deals\(market='BTC'\).*use events\(\)") as caught:
        Latest(callbacks, Prices("BTC"), Deals("BTC"))
    assert "Prices" not in str(caught.value)
    assert not callbacks.wants(Price, ("price", "BTC"))


def test_latest_of_nothing_or_of_a_class_is_refused() -> None:
    callbacks = Callbacks()
    with pytest.raises(UsageError, match="no topic"):
        Latest(callbacks)
    with pytest.raises(UsageError, match="use events"):
        Latest(callbacks, Price)  # type: ignore[arg-type]


@given(
    st.lists(st.one_of(st.sampled_from("ABC"), st.none()), max_size=60),
    st.integers(1, 8),
)
def test_what_is_taken_is_a_prefix_of_what_came_or_the_consumer_gets_an_error(
    steps: list[str | None], size: int
) -> None:
    callbacks, sent, taken = Callbacks(), list[Price](), list[Price]()
    queue = Queue(callbacks, Price, size=size)
    is_told = False
    for number, market in enumerate(steps):
        if market is not None:
            sent.append(Price(market=market, value=number))
            callbacks.dispatch(sent[-1])
        else:
            try:
                taken += queue.take_all()
            except ConsumerTooSlow:
                is_told = True
    if not is_told and not queue.is_ended:
        taken += queue.take_all()
        assert taken == sent
    assert taken == sent[: len(taken)]


@given(st.lists(st.one_of(st.sampled_from("ABC"), st.none()), max_size=60))
def test_latest_gives_each_topics_newest_and_counts_the_rest(steps: list[str | None]) -> None:
    callbacks, taken = Callbacks(), list[Price]()
    latest = Latest(callbacks, Prices())
    newest = dict[str, Price]()
    for number, market in enumerate(steps):
        if market is not None:
            newest[market] = Price(market=market, value=number)
            callbacks.dispatch(newest[market])
        elif latest.waiting:
            taken.append(latest.take())
            assert taken[-1] == newest[taken[-1].market]
    taken += latest.take_all()
    sent = sum(market is not None for market in steps)
    assert len(taken) + latest.skipped == sent
    assert {price.market: price for price in taken} == newest
