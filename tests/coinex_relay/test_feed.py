"""One consumer in virtual time: joining, holes, heartbeats, and two relays as one flow."""

from itertools import pairwise

import pytest
from attrs import evolve

from coinex_proto import BookChanged, Lost, Restored, Update, UsageError, coinex
from coinex_proto.updates import stamp
from coinex_relay.messages import BEAT_EVERY, LOST, LOST_AFTER, Beat, Roster, Stored
from tests.coinex_relay.world import (
    DEPTH,
    DIALECT,
    MARKET,
    NAMES,
    QUOTE,
    TICKER,
    TOPICS,
    TRADES,
    Consumer,
    World,
    recorded,
)


def test_a_consumer_has_every_payload_once_and_in_order_and_proves_the_book_again() -> None:
    world = World()
    world.relay()
    consumer = world.consumer()
    world.run(30.0)
    assert consumer.trusted(*TOPICS)
    assert consumer.of(Lost) == []
    assert consumer.session.stats.checksums_passed > 20
    assert consumer.session.stats.checksums_failed == 0
    sent = [one.raw for one in recorded() if one.topic_key == TRADES.key]
    got = consumer.raws(TRADES.key)
    assert len(got) > 5
    assert got == sent[sent.index(got[0]) :][: len(got)]


def test_a_consumer_that_joins_late_is_live_with_the_book_that_is_stored() -> None:
    world = World()
    world.relay()
    first = world.consumer(DEPTH)
    world.run(25.0)
    late = world.consumer(*TOPICS)
    world.run(1.0)
    assert late.trusted(*TOPICS)
    assert late.session.book(DEPTH).bids == first.session.book(DEPTH).bids
    assert late.of(Lost) == []


def test_a_missing_heartbeat_is_lost_at_once_and_its_numbers_are_gone() -> None:
    world = World()
    relay = world.relay()
    consumer = world.consumer()
    world.run(10.0)
    relay.state = "killed"
    world.run(1.0)
    (lost,) = consumer.of(Lost)
    assert isinstance(lost, Lost)
    assert set(lost.topics) == set(TOPICS)
    assert "no heartbeat of relay a" in lost.why
    assert not any(consumer.trusted(topic) for topic in TOPICS)
    assert not consumer.session.book(DEPTH).trusted


def test_a_relay_that_was_stopped_brings_old_messages_and_they_do_not_count_before_its_heartbeat_has_a_pace_again() -> (
    None
):
    world = World()
    relay = world.relay()
    consumer = world.consumer()
    world.run(10.0)
    relay.state = "stopped"
    world.run(30.0)
    assert len(consumer.of(Lost)) == 1
    before = len(consumer.of(BookChanged))
    relay.state = "runs"
    world.run(0.05)
    assert len(consumer.of(BookChanged)) == before
    assert not consumer.trusted(DEPTH)
    world.run(2.0)
    assert consumer.trusted(*TOPICS)
    assert {topic for one in consumer.of(Restored) if isinstance(one, Restored) for topic in one.topics} == set(TOPICS)


def test_data_and_heartbeats_that_come_at_their_pace_are_not_trusted_when_the_way_from_the_server_has_become_long() -> (
    None
):
    world = World()
    world.relay()
    consumer = world.consumer()
    world.run(10.0)
    consumer.is_answered = False
    world.run(3.5)
    (lost,) = consumer.of(Lost)
    assert isinstance(lost, Lost)
    assert set(lost.topics) == set(TOPICS)
    assert "2 s late" in lost.why
    world.run(5.0)
    assert not any(consumer.trusted(topic) for topic in TOPICS)
    consumer.is_answered = True
    consumer.feed.proved(-max(consumer.probes), world.now)
    world.run(60.0)
    assert consumer.trusted(*TOPICS)


def test_what_the_server_dropped_is_a_hole_and_the_topic_begins_anew_from_the_stream() -> None:
    world = World()
    world.relay()
    consumer = world.consumer()
    world.run(10.0)
    consumer.is_deaf = True
    world.run(0.5)
    consumer.is_deaf = False
    world.run(5.0)
    lost = [one for one in consumer.of(Lost) if isinstance(one, Lost)]
    assert any("missing" in one.why for one in lost)
    assert consumer.trusted(*TOPICS)
    sent = [one.raw for one in recorded() if one.topic_key == TRADES.key]
    got = consumer.raws(TRADES.key)
    assert got == sent[sent.index(got[0]) :][: len(got)]


@pytest.mark.parametrize("killed", [0, 1])
def test_of_two_relays_either_may_die_and_nothing_is_lost_or_comes_twice(killed: int) -> None:
    world = World()
    relays = [world.relay("a"), world.relay("b")]
    consumer = world.consumer(DEPTH, TRADES, QUOTE)
    world.run(10.0)
    relays[killed].state = "killed"
    world.run(10.0)
    assert consumer.of(Lost) == []
    for topic in (DEPTH, TRADES, QUOTE):
        sent = [one.raw for one in recorded() if one.topic_key == topic.key]
        got = consumer.raws(topic.key)
        assert got == sent[sent.index(got[0]) :][: len(got)], topic
        assert got[-1] in sent[-len(sent) + len(got) - 3 :]
    assert consumer.trusted(DEPTH, TRADES, QUOTE)


def test_where_no_bytes_are_shared_the_other_relay_takes_over_with_an_honest_gap() -> None:
    world = World()
    first = world.relay("a")
    odd = [one for one in recorded() if one.topic_key != DEPTH.key or getattr(one, "is_full", False)]
    world.relay("b", updates=odd)
    consumer = world.consumer(DEPTH, TRADES)
    world.run(20.0)
    assert consumer.of(Lost) == []
    first.state = "killed"
    world.run(1.0)
    lost = [one for one in consumer.of(Lost) if isinstance(one, Lost)]
    assert [one.topics for one in lost] in ([], [(DEPTH,)])
    world.run(60.0)
    assert consumer.trusted(DEPTH, TRADES)


def test_a_ticker_of_two_relays_follows_one_and_then_the_other() -> None:
    world = World()
    first = world.relay("a")
    world.relay("b")
    consumer = world.consumer(TICKER)
    world.run(10.0)
    got = consumer.raws(TICKER.key)
    sent = [one.raw for one in recorded() if one.topic_key == TICKER.key]
    assert got == sent[sent.index(got[0]) :][: len(got)]
    first.state = "killed"
    world.run(10.0)
    assert consumer.of(Lost) == []
    assert consumer.trusted(TICKER)
    assert len(consumer.raws(TICKER.key)) > len(got)


def test_what_a_relay_has_lost_is_lost_at_the_consumer_with_its_reason() -> None:
    world = World()
    relay = world.relay()
    consumer = world.consumer(DEPTH, TRADES)
    world.run(5.0)
    relay.publisher.take(Lost(topics=(DEPTH,), since=world.now, why="a checksum did not fit"))
    world.run(0.05)
    (lost,) = consumer.of(Lost)
    assert isinstance(lost, Lost)
    assert lost.topics == (DEPTH,)
    assert "a checksum did not fit" in lost.why
    assert consumer.trusted(TRADES)


def test_a_consumer_that_lost_its_server_goes_on_with_the_trades_it_missed() -> None:
    world = World()
    world.relay()
    consumer = world.consumer(DEPTH, TRADES)
    world.run(10.0)
    consumer.cut("the server went away")
    world.consumers.clear()
    world.run(5.0)
    world.consumers.append(consumer)
    consumer.connect()
    world.run(3.0)
    assert consumer.trusted(DEPTH, TRADES)
    got = consumer.raws(TRADES.key)
    sent = [one.raw for one in recorded() if one.topic_key == TRADES.key]
    assert got == sent[sent.index(got[0]) :][: len(got)]


def test_a_private_topic_and_a_command_of_the_venue_are_refused() -> None:
    consumer = World().consumer(QUOTE)
    with pytest.raises(UsageError, match="private"):
        consumer.session.subscribe(coinex.Balances(), now=consumer.world.now)
    with pytest.raises(UsageError, match="market data only"):
        consumer.session.send(coinex.Ping(), now=consumer.world.now)


def test_a_stream_that_was_made_anew_ends_the_line() -> None:
    world = World()
    world.relay()
    consumer = world.consumer(QUOTE)
    world.run(3.0)
    world.stream.messages.clear()
    world.run(0.5)
    assert "made anew" in consumer.feed.ended


def test_of_a_relay_that_says_goodbye_nothing_is_trusted_from_then_on() -> None:
    world = World()
    relay = world.relay()
    consumer = world.consumer(DEPTH)
    world.run(3.0)
    assert consumer.trusted(DEPTH)
    relay.state = "killed"
    peer = consumer.feed.peers.known["a"]
    bye = Beat(relay="a", number=peer.number + 1, every=BEAT_EVERY, roster=peer.announced, bye="an update")
    consumer.feed.beat(bye, peer.sequence + 1, world.now)
    consumer.pump()
    assert not consumer.trusted(DEPTH)
    (lost,) = consumer.of(Lost)
    assert isinstance(lost, Lost)
    assert "ended: an update" in lost.why
    consumer.feed.beat(bye, peer.sequence + 1, world.now)
    consumer.pump()
    assert len(consumer.of(Lost)) == 1, "it is known already"


def test_a_topic_that_is_subscribed_again_begins_anew() -> None:
    world = World()
    world.relay()
    consumer = world.consumer(TRADES)
    world.run(3.0)
    consumer.session.unsubscribe(TRADES, now=world.now)
    consumer.pump()
    assert consumer.memory.pasts == {}


def test_of_a_topic_that_is_wanted_no_more_the_server_sends_no_more() -> None:
    world = World()
    world.relay()
    consumer = world.consumer(TRADES, QUOTE)
    world.run(3.0)
    consumer.session.unsubscribe(TRADES, now=world.now)
    consumer.pump()
    assert consumer.followed == {NAMES.tail(QUOTE)}


@pytest.mark.parametrize("is_read", [True, False], ids=["of another relay", "unreadable"])
def test_a_roster_that_is_not_that_of_its_relay_changes_nothing(is_read: bool) -> None:
    world = World()
    world.relay("a", topics=(TRADES,))
    consumer = world.consumer(TRADES)
    world.run(3.0)
    roster = Roster(relay="b", version=7, subjects=(NAMES.tail(TRADES),), lost={})
    before = set(consumer.feed.peers.known)
    consumer.feed.roster("a", roster if is_read else None, world.now)
    assert set(consumer.feed.peers.known) == before == {"a"}
    assert consumer.trusted(TRADES)


def test_what_a_relay_brought_before_it_lost_a_topic_itself_is_forgotten() -> None:
    world = World()
    for name in ("a", "b"):
        world.relay(name, updates=recorded()[:40], topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    world.run(3.0)
    tail = NAMES.tail(QUOTE)
    flow = consumer.feed.flows[tail]
    (other,) = {"a", "b"} - {flow.past.source}
    at = flow.past.sequence
    consumer.feed.receive(tail, Stored(b"{}", other, "x", "of another chain", at + 1, at, False, "", ""), world.now)
    assert flow.aside(other)
    consumer.feed.receive(tail, Stored(b"it slept", other, "", "", at + 2, at + 1, False, LOST, ""), world.now)
    assert flow.aside(other) == []
    assert consumer.of(Lost) == []


def test_a_topic_that_no_relay_carries_is_never_live() -> None:
    world = World()
    world.relay()
    other = coinex.Depth(MARKET, limit=20)
    consumer = world.consumer(other)
    world.run(5.0)
    assert not consumer.trusted(other)
    assert consumer.of(BookChanged) == []


def spaced(updates: tuple[Update, ...]) -> list[Update]:
    """The same market in other bytes, as a second connection may bring it."""
    found = []
    for update in updates:
        (other,) = [one for one in DIALECT.decode(update.raw) if isinstance(one, Update)]
        stamp(other, update.raw + b" ", update.received_at)
        found.append(other)
    return found


def test_a_relay_whose_venue_sends_other_bytes_takes_over_with_what_was_set_aside_of_it() -> None:
    world = World()
    first = world.relay("a")
    world.relay("b", updates=spaced(recorded()))
    consumer = world.consumer(DEPTH, TRADES, QUOTE)
    world.run(20.0)
    assert consumer.of(Lost) == []
    first.state = "killed"
    world.run(10.0)
    assert consumer.of(Lost) == []
    assert consumer.trusted(DEPTH, TRADES, QUOTE)
    assert consumer.session.stats.checksums_failed == 0
    deals = [
        deal.deal_id for one in consumer.events if isinstance(one, coinex.TradesUpdate) for deal in one.deal_list[::-1]
    ]
    sent = [deal.deal_id for one in recorded() if isinstance(one, coinex.TradesUpdate) for deal in one.deal_list[::-1]]
    begin = sent.index(deals[0])
    assert deals == sent[begin : begin + len(deals)]
    assert len(deals) > 20


def test_a_relay_that_started_lately_takes_over_before_its_next_push() -> None:
    world = World()
    first = world.relay("a")
    consumer = world.consumer(DEPTH, TRADES)
    world.run(63.0)
    late = world.relay("b", updates=[one for one in recorded() if one.received_at - world.first > 60.0])
    late.publisher.take(next(one for one in recorded() if one.topic_key == TRADES.key))
    world.run(1.0)
    first.state = "killed"
    world.run(5.0)
    assert consumer.of(Lost) == []
    assert consumer.trusted(TRADES)


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_wall_clock_that_is_set_costs_a_doubt_at_most_and_the_data_go_on(step: float) -> None:
    world = World()
    world.relay()
    consumer = world.consumer(DEPTH, TRADES)
    world.run(10.0)
    world.wall_ahead = step
    world.run(5.0)
    assert consumer.trusted(DEPTH, TRADES)
    got = consumer.raws(TRADES.key)
    sent = [one.raw for one in recorded() if one.topic_key == TRADES.key]
    assert got == sent[sent.index(got[0]) :][: len(got)]
    assert consumer.session.stats.checksums_failed == 0


def quotes() -> list[Update]:
    return [one for one in recorded() if one.topic_key == QUOTE.key]


def test_a_quote_that_goes_there_and_back_in_equal_bytes_is_no_gap_and_none_is_left_out() -> None:
    sent = quotes()
    at = next(n for n, one in enumerate(sent) if one.received_at - sent[0].received_at > 10.0)
    flips = [sent[at], sent[at + 1], sent[at], sent[at + 1], *sent[at + 2 :]]
    world = World()
    for name in ("a", "b"):
        world.relay(name, updates=[*sent[:at], *flips], topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    world.run(sent[at + 1].received_at - recorded()[0].received_at + 10.0)
    assert consumer.of(Lost) == []
    got = consumer.raws(QUOTE.key)
    told = [one.raw for one in [*sent[:at], *flips]]
    assert len(got) > 5
    assert got == told[told.index(got[0]) :][: len(got)]


def test_a_relay_that_lives_but_is_behind_another_one_is_not_waited_for() -> None:
    sent = quotes()
    at = next(n for n, one in enumerate(sent) if one.received_at - sent[0].received_at > 10.0)
    alone = evolve(sent[at])
    stamp(alone, sent[at].raw + b" ", sent[at].received_at)
    world = World()
    world.relay("a", updates=[*sent[:at], alone], topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    world.run(5.0)
    world.relay("b", updates=sent, topics=(QUOTE,))
    while world.relays[1].at <= at + 2:
        world.run(0.05)
    world.run(LOST_AFTER + 0.2)
    assert consumer.of(Lost) == []
    assert consumer.raws(QUOTE.key)[-1] == sent[world.relays[1].at - 1].raw


def test_what_a_relay_says_of_a_topic_is_no_gap_for_who_follows_the_other_one() -> None:
    world = World()
    relays = [world.relay("a"), world.relay("b")]
    consumer = world.consumer(TRADES)
    world.run(10.0)
    other = next(one for one in relays if one.publisher.relay != consumer.feed.flows[NAMES.tail(TRADES)].past.source)
    for said in (
        Lost(topics=(TRADES,), since=0.0, why="its line was cut"),
        Restored(topics=(TRADES,), since=0.0, until=1.0, why="its line was cut", unknown_orders=0),
    ):
        other.publisher.take(said)
        world.run(5.0)
    assert consumer.of(Lost) == []
    got = consumer.raws(TRADES.key)
    sent = [one.raw for one in recorded() if one.topic_key == TRADES.key]
    assert got == sent[sent.index(got[0]) :][: len(got)]


def test_a_relay_that_starts_while_the_other_one_is_slow_leaves_no_gap_when_that_one_catches_up() -> None:
    world = World()
    sent = []
    for place, quote in enumerate(quotes()[:60]):
        sent.append(evolve(quote))
        stamp(sent[-1], quote.raw, world.first + 0.1 * place)
    slow = world.relay("a", updates=sent, topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    world.run(2.5)
    slow.state = "stopped"
    world.run(0.3)
    world.relay("b", updates=sent[slow.at + 1 :], topics=(QUOTE,))
    world.run(0.3)
    slow.state = "runs"
    world.run(2.0)
    assert consumer.of(Lost) == []
    got, told = consumer.raws(QUOTE.key), [one.raw for one in sent[: slow.at]]
    assert got == told[told.index(got[0]) :]


OTHER_TICKER = coinex.Ticker("ETHUSDT")
TICKERS = (TICKER, OTHER_TICKER)


def tickers(count: int, *, late: float = 0.0) -> list[Update]:
    """Five pushes a second, of both markets or of the second one alone; prices rise by 1 with each."""
    found: list[Update] = []
    for number in range(1, count + 1):
        markets = [topic.market for topic in TICKERS] if number % 3 == 0 else [OTHER_TICKER.market]
        states = [
            f'{{"market":"{market}","last":"{number}","open":"1","close":"1","high":"1","low":"1","volume":"1",'
            '"volume_sell":"1","volume_buy":"1","value":"1","period":86400}'
            for market in markets
        ]
        raw = f'{{"method":"state.update","data":{{"state_list":[{",".join(states)}]}},"id":null}}'.encode()
        for update in DIALECT.decode(raw):
            assert isinstance(update, Update)
            stamp(update, raw, recorded()[0].received_at + number * 0.2 + late)
            found.append(update)
    return found


def prices(consumer: Consumer, topic: coinex.Ticker) -> list[int]:
    return [
        int(one.last)
        for one in consumer.events
        if isinstance(one, coinex.TickerUpdate) and one.market == topic.market and one.last
    ]


def is_rising(numbers: list[int]) -> bool:
    return all(before < after for before, after in pairwise(numbers))


def test_a_push_of_several_markets_that_comes_late_for_one_does_not_take_the_others_back() -> None:
    world = World()
    for name in ("a", "b"):
        world.relay(name, tickers(100), TICKERS)
    consumer = world.consumer(*TICKERS)
    world.run(10.0)
    for relay in world.relays:
        if consumer.feed.flows[NAMES.tail(TICKER)].past.source == relay.publisher.relay:
            relay.state = "killed"
    world.run(3.0)
    assert consumer.of(Lost) == []
    for topic in TICKERS:
        assert is_rising(prices(consumer, topic)), topic
        assert prices(consumer, topic)[-1] > 60


def test_a_stored_push_of_several_markets_counts_for_the_one_alone_that_was_asked_for() -> None:
    world = World()
    world.relay("a", tickers(100), TICKERS)
    consumer = world.consumer(OTHER_TICKER)
    world.run(10.1)
    consumer.session.subscribe(TICKER, now=world.now)
    consumer.pump()
    world.run(0.05)
    assert prices(consumer, TICKER) == [48]
    assert is_rising(prices(consumer, OTHER_TICKER))
    assert [one.raw for one in consumer.events if isinstance(one, Update)][-1][:1] == b"{"
    world.run(3.0)
    for topic in TICKERS:
        assert is_rising(prices(consumer, topic)), topic


def test_a_push_of_several_markets_counts_for_one_alone_where_the_others_follow_another_relay() -> None:
    world = World()
    world.relay("a", tickers(100), TICKERS)
    world.relay("b", tickers(100, late=0.7), TICKERS)
    consumer = world.consumer(*TICKERS)
    world.run(8.0)
    for topic, relay in zip(TICKERS, "ab", strict=True):
        consumer.feed.flows[NAMES.tail(topic)].past.source = relay
    world.run(1.0)
    consumer.events.clear()
    world.run(5.0)
    for topic in TICKERS:
        assert is_rising(prices(consumer, topic)), topic
        assert len(prices(consumer, topic)) > 5


def test_a_push_of_several_markets_makes_none_of_them_live_that_its_relay_has_lost() -> None:
    world = World()
    relay = world.relay("a", tickers(100), TICKERS)
    consumer = world.consumer(*TICKERS)
    world.run(10.0)
    relay.publisher.take(Lost(topics=(TICKER,), since=0.0, why="a push could not be read"))
    world.run(2.0)
    assert consumer.trusted(OTHER_TICKER)
    assert not consumer.trusted(TICKER)


def test_what_is_known_from_the_topic_of_all_markets_is_lost_with_it() -> None:
    world = World()
    relay = world.relay("a", tickers(100), (coinex.Ticker(),))
    consumer = world.consumer(coinex.Ticker(), TICKER)
    world.run(10.0)
    assert consumer.trusted(coinex.Ticker(), TICKER)
    relay.state = "killed"
    world.run(1.0)
    assert not consumer.trusted(coinex.Ticker())
    assert not consumer.trusted(TICKER)


def test_a_topic_that_no_relay_brings_says_why() -> None:
    world = World()
    consumer = world.consumer(TICKER, OTHER_TICKER)
    world.run(3.0)
    whys = [one.why for one in consumer.session.topics()]
    assert whys == ["no relay is heard that publishes this venue's market data"] * 2
    world = World()
    world.relay("a", topics=(TICKER, coinex.Trades("NONE")))
    consumer = world.consumer(TICKER, OTHER_TICKER, coinex.Trades("NONE"))
    world.run(3.0)
    whys = [one.why for one in consumer.session.topics()]
    assert whys == ["", "no relay that is heard carries coinex.spot.state.ETHUSDT", "relay a: nothing has come yet"]
    assert consumer.of(Lost) == []
    world = World()
    world.relay("a", [one for one in recorded() if not getattr(one, "is_full", False)])
    consumer = world.consumer(DEPTH)
    world.run(3.0)
    (status,) = consumer.session.topics()
    assert status.why == "the next whole state has not come yet"


def test_a_reason_that_came_over_nats_is_safe_to_print() -> None:
    world = World()
    relay = world.relay()
    consumer = world.consumer()
    world.run(10.0)
    relay.publisher.take(Lost(topics=(TRADES,), since=0.0, why="red\x1b[31m\n" + "x" * 10_000))
    world.run(0.1)
    (lost,) = consumer.of(Lost)
    assert isinstance(lost, Lost)
    assert lost.why.startswith("relay a: red\ufffd[31m\ufffdxxx")
    assert len(lost.why) == 500


def test_a_private_topic_is_refused_because_of_the_relay_not_of_missing_credentials() -> None:
    with pytest.raises(UsageError, match="never go over a relay"):
        World().consumer(coinex.Balances())
