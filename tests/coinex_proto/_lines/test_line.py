"""One line of a client: when it opens, what it tells its owner, and when it must be looked at."""

from __future__ import annotations

from coinex_proto import Config, Open, Stop, Wait, coinex
from coinex_proto._lines.line import Role
from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.harness.many_lines import START, World

BOOK = coinex.Depth("BTCUSDT")
QUOTE = coinex.BestQuote("BTCUSDT")


def spread() -> World:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",))
    return World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(topics_per_connection=1))


def test_each_further_line_waits_a_tenth_of_a_second_to_open() -> None:
    one = spread()
    one.lines.subscribe(BOOK, QUOTE, now=START)
    first, second = one.lines.lines
    assert isinstance(first.next_step(START), Open)
    step = second.next_step(START)
    assert isinstance(step, Wait)
    assert START < step.until <= START + 0.1001
    assert isinstance(second.next_step(step.until), Open)


def test_a_line_that_waits_to_open_ends_when_the_client_stops() -> None:
    one = spread()
    one.lines.subscribe(BOOK, QUOTE, now=START)
    second = one.lines.lines[1]
    one.lines.stop(START)
    assert isinstance(second.next_step(START), Stop)
    assert second not in one.lines.lines


def test_a_line_is_looked_at_when_something_is_due_for_all_of_them() -> None:
    server = CoinexServer(now=START, seed=1, markets=("BTCUSDT",))
    one = World(server, coinex.spot(url="ws://127.0.0.1/v2/spot"), Config(renew_every=3.0))
    one.lines.subscribe(BOOK, now=one.now)
    one.run(1.0)
    (line,) = one.lines.lines
    own, due = line.session.next_deadline(), line.next_deadline()
    assert own is not None
    assert due is not None
    assert due < own
    line.handle_timeout(due)
    assert [each.role for each in one.lines.lines] == [Role.ACTIVE, Role.STANDBY]
    assert repr(line) == "<Line 0, active>"
