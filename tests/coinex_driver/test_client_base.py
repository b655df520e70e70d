"""What every client can do without waiting."""

from __future__ import annotations

import pytest

from coinex_proto import Event, NotReady, Ready, Replied, Session, UsageError, coinex
from tests.coinex_driver.direct import Direct

BTC = coinex.Ticker("BTCUSDT")


def test_events_go_to_the_functions_that_are_registered_for_them() -> None:
    client = Direct()
    got: list[Event] = []

    @client.on(Ready)
    def ready(event: Ready) -> None:
        got.append(event)

    client.connect()
    assert len(got) == 1
    assert ready is not None


def test_an_error_of_a_callback_goes_to_its_handler() -> None:
    client = Direct()
    errors: list[Exception] = []
    client.on_error(lambda _, error: errors.append(error))
    client.on(Ready)(lambda _: 1 // 0)
    client.connect()
    assert [type(error) for error in errors] == [ZeroDivisionError]


def test_a_subscription_is_live_with_its_first_data_until_it_is_ended() -> None:
    client = Direct()
    got: list[coinex.TickerUpdate] = []
    client.subscribe(BTC, callback=got.append)
    assert not client.trusted()
    client.connect()
    client.venue.ticker()
    client.turn()
    assert client.trusted(BTC)
    assert client.trusted()
    assert [status.state for status in client.topics()] == ["live"]
    assert client.age(got[0]) is None
    client.unsubscribe(BTC)
    assert client.topics() == ()
    assert client.venue.methods() == ["state.subscribe", "state.unsubscribe"]


def test_a_command_needs_a_connection_and_its_reply_comes_to_the_callback() -> None:
    client = Direct()
    with pytest.raises(NotReady):
        client.send(coinex.ServerTime())
    client.connect()
    got: list[object] = []
    client.send(coinex.ServerTime(), got.append)
    assert [type(reply) for reply in got] == [Replied]


def test_a_step_works_on_the_session_itself_and_what_it_queues_is_sent() -> None:
    client = Direct()
    client.connect()

    def subscribe(session: Session, now: float) -> float:
        session.subscribe(BTC, now=now)
        return now

    assert client.step(subscribe) == 100.0
    assert client.venue.methods() == ["state.subscribe"]
    with pytest.raises(UsageError, match="step"):
        client.step("subscribe")  # type: ignore[arg-type]


def test_there_are_counters_and_no_orders_yet() -> None:
    client = Direct()
    client.connect()
    client.send(coinex.ServerTime())
    assert client.stats.messages == 1
    assert client.orders() == ()
    client.stop()
    assert client.venue.closed_with is not None


def test_a_client_tells_of_its_sockets_and_keeps_the_name_that_old_scripts_use() -> None:
    client = Direct()
    client.connect()
    client.subscribe(BTC)
    (row,) = client.line_stats
    assert (row.line, row.topics) == (0, 1)
    assert client._pump is client.core
    with pytest.raises(UsageError, match="renew_every"):
        client.renew()
