"""The lines that carry the same topics: what is lost when no line proves it, and which of them makes a book's differences."""

from __future__ import annotations

from coinex_proto import Config, LineChanged, Lost, coinex
from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.harness.many_lines import START, World

BOOK = coinex.Depth("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")


def doubled() -> World:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",), crowd=CrowdSettings(rate=20.0))
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(lines=2))
    one.lines.subscribe(BOOK, QUOTE, now=one.now)
    one.run(10.0)
    assert one.lines.trusted_at(one.now)
    return one


def test_a_topic_is_lost_once_and_only_when_no_line_proves_it() -> None:
    one = doubled()
    first, second = one.lines.lines
    one.cut(first)
    assert [event for event in one.events if isinstance(event, Lost)] == []
    assert set(one.lines._main.unverified_on(first, second)) == {BOOK, QUOTE}
    assert not one.lines._main.is_verified_on(first, second)
    one.cut(second)
    (lost,) = (event for event in one.events if isinstance(event, Lost))
    assert set(lost.topics) == {BOOK, QUOTE}


def test_what_only_a_line_that_is_given_up_proves_is_lost() -> None:
    one = doubled()
    first, second = one.lines.lines
    one.refuses = True
    one.cut(first)
    one.lines._main.left(second, one.now)
    one._drain()
    (lost,) = (event for event in one.events if isinstance(event, Lost))
    assert set(lost.topics) == {BOOK, QUOTE}
    assert one.now - 30 < lost.since <= one.now
    assert not one.lines.trusted_at(one.now)


def differences(one: World, number: int) -> bool:
    """Whether this line makes events of what its book is made of."""
    known = one.lines.lines[number].session._subscriptions.by_key[BOOK.key].verification
    return not known.is_muted


def test_only_the_source_of_a_book_makes_events_of_its_differences_while_it_proves_it() -> None:
    one = doubled()
    first, second = one.lines.lines
    assert [differences(one, number) for number in (0, 1)] == [True, False]
    one.cut(first)
    assert [differences(one, number) for number in (0, 1)] == [False, True]
    one.run(10.0)
    assert first.session.trusted(BOOK), "it is back, and follows"
    assert [differences(one, number) for number in (0, 1)] == [False, True]
    one.cut(second)
    assert [differences(one, number) for number in (0, 1)] == [True, False]


def test_lines_whose_venue_clocks_differ_are_told_of() -> None:
    one = doubled()
    channel = one.lines._main
    wall_ns = round(one.now * 1e9)
    for line, ahead_ms in zip(one.lines.lines, (0, 3000), strict=True):
        assert line.session.clock.observe(wall_ns, wall_ns, wall_ns // 10**6 + ahead_ms, one.now)
    channel.compare_clocks()
    channel.compare_clocks()
    one._drain()
    told = [event for event in one.events if isinstance(event, LineChanged) and event.state == "clock"]
    assert [(event.line, event.why) for event in told] == [(1, "the venue's clock is 3.0 s off that of line 0")]
