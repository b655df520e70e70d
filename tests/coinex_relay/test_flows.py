"""Which relay's messages a consumer is shown, and from where on, when one of two dies or says what another has said."""

from collections.abc import Iterable, Sequence

from attrs import evolve

from coinex_proto import Lost, Restored, Update, coinex
from coinex_proto.updates import stamp
from coinex_relay.actions import FetchRoster
from coinex_relay.flows import Flow, Past, Phase, Verdict
from coinex_relay.messages import Beat, Stored, encode, read_roster
from coinex_relay.publishing import Publisher
from tests.coinex_relay.world import DIALECT, NAMES, QUOTE, START, TICKER, TRADES, World, recorded


def at(update: Update, seconds: float, *, raw: bytes | None = None) -> Update:
    """The same update so many seconds after the world began, perhaps in other bytes."""
    moved = evolve(update)
    stamp(moved, update.raw if raw is None else raw, recorded()[0].received_at + seconds)
    return moved


def of(topic: object, count: int) -> list[Update]:
    found = [one for one in recorded() if one.topic_key == topic.key]  # type: ignore[attr-defined]
    return found[:count]


def until(world: World, seconds: float) -> None:
    """Lets the world run until so many seconds after it began."""
    world.run(START + seconds - world.now)


def paced(updates: Iterable[Update], begin: float, every: float = 0.1) -> list[Update]:
    return [at(one, begin + every * place) for place, one in enumerate(updates)]


def test_every_quote_of_a_relay_that_started_lately_is_handed_on_when_the_other_one_dies_before_its_next() -> None:
    quotes = of(QUOTE, 50)
    before, after = paced(quotes[:20], 0.0), paced(quotes[20:], 3.4)
    world = World()
    first = world.relay("a", updates=before, topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    until(world, 2.6)
    # What the venue says to a new subscriber has a time of its own, so that the second relay's chain begins with other bytes.
    told = at(quotes[19], 2.9, raw=quotes[19].raw + b" ")
    world.relay("b", updates=[told, *after], topics=(QUOTE,))
    until(world, 3.3)
    first.state = "killed"
    until(world, 8.0)
    got = consumer.raws(QUOTE.key)
    assert consumer.of(Lost) == []
    assert len(got) == len(set(got))
    assert got[-len(after) :] == [one.raw for one in after]


def test_a_ticker_that_changed_before_the_death_of_its_relay_was_noticed_is_shown() -> None:
    tickers = of(TICKER, 4)
    early, late = paced(tickers[:3], 0.5, 0.5), at(tickers[3], 5.2)
    world = World()
    relays = [world.relay(name, updates=[*early, late], topics=(TICKER,)) for name in ("a", "b")]
    consumer = world.consumer(TICKER)
    until(world, 5.0)
    followed = consumer.feed.flows[NAMES.tail(TICKER)].past.source
    next(one for one in relays if one.publisher.relay == followed).state = "killed"
    until(world, 10.0)
    assert consumer.of(Lost) == []
    assert consumer.raws(TICKER.key)[-1] == late.raw
    got = consumer.raws(TICKER.key)
    assert len(got) == len(set(got))


def test_a_consumer_that_joins_is_not_shown_the_old_words_of_a_relay_that_is_dead() -> None:
    tickers = of(TICKER, 3)
    world = World()
    world.relay("b", updates=[at(tickers[1], 0.5), at(tickers[2], 20.0)], topics=(TICKER,))
    until(world, 3.0)
    stopped = Publisher("a", DIALECT, (TICKER,))
    stopped.take(at(tickers[0], 0.4))
    for message in stopped.take_messages():
        world.stream.publish(message.subject, message.payload, message.headers, world.now)
    consumer = world.consumer(TICKER)
    until(world, 10.0)
    assert consumer.raws(TICKER.key) == []
    assert not consumer.trusted(TICKER)
    until(world, 21.0)
    assert consumer.raws(TICKER.key) == [tickers[2].raw]


def states(*lasts: str) -> tuple[bytes, Sequence[Update]]:
    """One payload with the tickers of several markets."""
    entries = [
        {"market": market, "last": last, **dict.fromkeys(("open", "close", "high", "low"), "1")}
        | dict.fromkeys(("volume", "volume_sell", "volume_buy", "value"), "1")
        | {"period": 86400}
        for market, last in zip(("AUSDT", "BUSDT"), lasts, strict=True)
    ]
    raw = encode({"method": "state.update", "data": {"state_list": entries}, "id": None})
    updates = [one for one in DIALECT.decode(raw) if isinstance(one, Update)]
    return raw, updates


def test_a_payload_of_two_markets_that_comes_again_in_the_same_words_is_shown_again() -> None:
    topics = (coinex.Ticker("AUSDT"), coinex.Ticker("BUSDT"))
    said: list[Update] = []
    for place, lasts in enumerate([("1", "1"), ("2", "1"), ("1", "1")]):
        raw, updates = states(*lasts)
        for update in updates:
            stamp(update, raw, recorded()[0].received_at + 2.0 + place)
        said += updates
    world = World()
    world.relay("a", updates=said, topics=topics)
    world.relay("b", updates=said, topics=topics)
    consumer = world.consumer(*topics)
    until(world, 6.0)
    for topic in topics:
        assert consumer.raws(topic.key) == [states("1", "1")[0], states("2", "1")[0], states("1", "1")[0]]


def test_the_death_of_the_last_living_relay_is_lost_although_a_dead_one_had_brought_the_next_message() -> None:
    quotes = of(QUOTE, 20)
    told = paced(quotes[:10], 0.2, 0.2)
    world = World()
    relay = world.relay("a", updates=told, topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    until(world, 4.0)
    flash = Publisher("b", DIALECT, (QUOTE,))
    for one in [*told, at(quotes[10], 4.0)]:
        flash.take(one)
    for message in flash.take_messages():
        world.stream.publish(message.subject, message.payload, message.headers, world.now)
    until(world, 5.0)
    assert consumer.raws(QUOTE.key)[-1] == quotes[10].raw
    relay.state = "killed"
    until(world, 7.0)
    assert len(consumer.of(Lost)) == 1
    assert not consumer.trusted(QUOTE)


def test_a_topic_that_begins_anew_has_nothing_of_what_other_relays_had_brought_before() -> None:
    flow = Flow(NAMES.tail(QUOTE), QUOTE.key, needs_whole=False, is_state=True, past=Past(), phase=Phase.LIVE)
    flow.took(stored("a", "one", "", 1))
    assert flow.judge(stored("b", "other", "", 2, last=1)) is Verdict.ASIDE
    assert flow.aside("b") == [stored("b", "other", "", 2, last=1)]
    flow.begin()
    assert flow.aside("b") == []


def test_a_topic_that_begins_anew_counts_from_its_first_message_since_a_server_that_crashed_gives_numbers_again() -> (
    None
):
    flow = Flow(NAMES.tail(TICKER), TICKER.key, needs_whole=False, is_state=True, past=Past(sequence=1000, source="a"))
    flow.begin()
    flow.took(stored("a", "", "", 990))
    assert flow.judge(stored("a", "", "", 991, last=990)) is Verdict.NEXT


def stored(relay: str, content: str, previous: str, sequence: int, last: int = 0) -> Stored:
    return Stored(b"{}", relay, content, previous, sequence, last, False, "", "")


def test_a_roster_that_was_asked_for_before_its_relay_lost_a_topic_does_not_make_it_trusted() -> None:
    world = World()
    relay = world.relay("a", topics=(TRADES,))
    consumer = world.consumer(TRADES)
    until(world, 5.0)
    feed = consumer.feed
    known = read_roster(world.stream.last[NAMES.beats("a")][0])
    assert known is not None
    feed.beat(Beat(relay="a", number=1000, every=0.2, roster=known.version + 1), 10**6, world.now)
    assert feed.take_actions() == [FetchRoster("a")]
    relay.publisher.take(Lost(topics=(TRADES,), since=0.0, why="its line was cut"))
    for message in relay.publisher.take_messages():
        world.stream.publish(message.subject, message.payload, message.headers, world.now)
    for one in world.stream.live:
        consumer.live(*one)
    feed.roster("a", known, world.now)
    assert feed.take_actions() == [FetchRoster("a")]
    assert feed.flows[NAMES.tail(TRADES)].phase is Phase.WAITING


def test_what_a_relay_brought_while_it_did_not_trust_the_topic_itself_is_not_handed_on_when_it_does_again() -> None:
    quotes = of(QUOTE, 12)
    world = World()
    world.relay("a", updates=paced(quotes[:10], 0.2, 0.2), topics=(QUOTE,))
    other = world.relay("b", updates=paced(quotes[:10], 0.2, 0.2), topics=(QUOTE,))
    consumer = world.consumer(QUOTE)
    until(world, 5.0)
    flow = consumer.feed.flows[NAMES.tail(QUOTE)]
    flow.past.source = "a"
    other.publisher.take(Lost(topics=(QUOTE,), since=0.0, why="the machine slept"))
    other.publisher.take(at(quotes[0], 5.0, raw=quotes[0].raw + b" "))
    until(world, 5.1)
    assert flow.others["b"]
    other.publisher.take(Restored(topics=(QUOTE,), since=0.0, until=1.0, why="", unknown_orders=0))
    until(world, 8.0)
    assert consumer.of(Lost) == []
    assert consumer.raws(QUOTE.key)[-1] == quotes[9].raw


def followed(*, needs_whole: bool = False, is_state: bool = False) -> Flow:
    """A chain that has come to content one of relay a, the server's message 1."""
    flow = Flow(NAMES.tail(QUOTE), QUOTE.key, needs_whole, is_state, past=Past())
    flow.begin()
    flow.took(stored("a", "one", "", 1))
    return flow


def test_the_next_link_takes_the_quick_way_to_where_the_long_one_leads() -> None:
    quick, long = followed(), followed()
    assert quick.goes_on("two", "one", "a", 2, 1)
    message = stored("a", "two", "one", 2, last=1)
    assert long.judge(message) is Verdict.NEXT
    long.took(message)
    assert quick == long
    assert list(quick.recent) == list(long.recent)


def test_a_link_with_a_content_after_a_message_without_one_lets_another_relay_take_over_again() -> None:
    flow = followed()
    flow.took(stored("a", "", "", 2, last=1))
    assert flow.aside("b") is None, "nothing tells what of relay b was handed on"
    assert flow.goes_on("two", "one", "a", 3, 2)
    assert flow.aside("b") == []


def test_another_relay_of_a_book_takes_over_from_its_whole_book_on_and_never_without_one() -> None:
    whole, change = stored("b", "x", "", 2, last=1)._replace(is_whole=True), stored("b", "y", "x", 3, last=2)
    flow = followed(needs_whole=True)
    assert [flow.judge(one) for one in (whole, change)] == [Verdict.ASIDE, Verdict.ASIDE]
    assert flow.aside("b") == [whole, change]
    flow = followed(needs_whole=True)
    assert flow.judge(change._replace(sequence=2, last_sequence=1)) is Verdict.ASIDE
    assert flow.aside("b") is None


def test_messages_take_the_quick_way_again_when_another_chain_has_come_to_the_same() -> None:
    flow = followed()
    assert flow.judge(stored("b", "two", "other", 2, last=1)) is Verdict.ASIDE
    assert not flow.goes_on("two", "one", "a", 3, 2)
    flow.took(stored("a", "two", "one", 3, last=2))
    assert flow.goes_on("three", "two", "a", 4, 3)


def test_messages_take_the_quick_way_again_when_the_other_chain_has_taken_over() -> None:
    flow = followed()
    ahead = [stored("b", "two", "other", 2, last=1), stored("b", "three", "two", 3, last=2)]
    assert [flow.judge(one) for one in ahead] == [Verdict.ASIDE, Verdict.ASIDE]
    flow.took(ahead[0])
    assert flow.goes_on("three", "two", "b", 4, 3)


def test_a_chain_that_is_still_ahead_is_kept() -> None:
    flow = followed()
    ahead = [stored("b", "two", "other", 2, last=1), stored("b", "three", "two", 3, last=2)]
    assert [flow.judge(one) for one in ahead] == [Verdict.ASIDE, Verdict.ASIDE]
    flow.took(stored("a", "two", "one", 4, last=3))
    assert flow.caught_up() == ahead[1:]
