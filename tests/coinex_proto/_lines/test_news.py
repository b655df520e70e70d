"""What of two lines' updates is news: each once, when it first comes, and nothing older after newer."""

from __future__ import annotations

from collections import deque
from typing import Any

from attrs import evolve

from coinex_proto import BookChanged, Config, coinex
from coinex_proto._lines.line import Line
from coinex_proto.simulator import CoinexServer, CrowdSettings
from tests.coinex_proto.harness.many_lines import START, World

BOOK = coinex.Depth("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")


def followed(lines: int = 2) -> World:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",), crowd=CrowdSettings(rate=20.0))
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(lines=lines, renew_every=1e9))
    one.lines.subscribe(BOOK, QUOTE, now=one.now)
    one.run(10.0)
    assert one.lines.trusted_at(one.now)
    return one


def quotes(one: World) -> list[Any]:
    return [event for event in one.events if isinstance(event, coinex.BestQuoteUpdate)]


def test_a_state_that_is_older_than_what_was_handed_out_is_kept_back() -> None:
    one = followed()
    channel, second = one.lines._main, one.lines.lines[1]
    newest = quotes(one)[-1]
    before = len(quotes(one))
    for moved, told in ((-1000, 0), (0, 0), (1000, 1)):
        channel.news.take(second, deque([evolve(newest, updated_at=newest.updated_at + moved)]), one.now)
        one._drain()
        assert len(quotes(one)) == before + told


def test_states_come_from_one_line_while_the_venues_clocks_differ() -> None:
    one = followed()
    channel = one.lines._main
    first, second = one.lines.lines
    newest = quotes(one)[-1]
    assert channel.news.note_clocks(are_apart=True)
    assert not channel.news.note_clocks(are_apart=True), "it is told once"
    before = len(quotes(one))
    channel.news.take(second, deque([evolve(newest, updated_at=newest.updated_at + 5000)]), one.now)
    one._drain()
    assert len(quotes(one)) == before
    channel.news.take(first, deque([evolve(newest, updated_at=newest.updated_at + 1)]), one.now)
    one._drain()
    assert len(quotes(one)) == before + 1


def brought(one: World, line: Line) -> BookChanged | None:
    """What comes of it when this line's book is proved once more."""
    known = line.session._subscriptions.by_key[BOOK.key].verification
    event = line.book_changed(known)
    assert event is None or isinstance(event, BookChanged)
    return event


def test_a_book_is_made_an_event_on_the_line_that_has_it_first() -> None:
    one = followed()
    first, second = one.lines.lines
    one.server.advance(one.now + 1.0)
    newest = one.lines._main.news._topics[BOOK.key].newest
    assert newest is not None
    newest.time -= 1000
    newest.state = "older"
    before = first.firsts + second.firsts
    told = brought(one, second)
    assert told is not None
    assert one.lines.book(BOOK).version == told.book.version or one.lines.book(BOOK).trusted
    assert brought(one, first) is None, "the same state of the same time"
    assert first.firsts + second.firsts == before + 1
    newest.time += 1000
    assert brought(one, first) is None, "an older one"


def test_what_the_only_line_brings_is_handed_on_as_it_is() -> None:
    one = followed(lines=1)
    (line,) = one.lines.lines
    assert line.is_alone
    queue = one.lines._main.news
    update = quotes(one)[-1]
    older = evolve(update, updated_at=update.updated_at - 5000)
    before = len(quotes(one))
    events: deque[Any] = deque([older, update])
    assert queue.hand_on(line, events, one.now)
    one._drain()
    assert quotes(one)[before:] == [older, update]
    assert not events


def test_when_a_second_line_comes_it_is_compared_with_what_the_only_one_brought_last() -> None:
    one = followed(lines=1)
    (line,) = one.lines.lines
    newest = quotes(one)[-1]
    one.lines.renew(one.now)
    _, standby = one.lines.lines
    assert not line.is_alone
    before = len(quotes(one))
    one.lines._main.news.take(standby, deque([newest]), one.now)
    one._drain()
    assert len(quotes(one)) == before
    one.run(30.0)
    assert standby.is_alone, "the one that it has replaced is gone for long"
