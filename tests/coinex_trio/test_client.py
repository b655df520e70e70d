"""The trio client against a scripted venue, on virtual time."""

from __future__ import annotations

import logging
import math
import re
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import (
    NotReady,
    OrderFact,
    OutcomeUnknown,
    RequestRefused,
    UsageError,
    coinex,
)
from coinex_trio import open_client
from tests.coinex_trio.venue import TrioNetwork

BTC = coinex.Ticker("BTCUSDT")
ETH = coinex.Ticker("ETHUSDT")
KEYS = coinex.Credentials("a" * 32, "s" * 40)


async def settle() -> None:
    """Lets every task run until all wait."""
    await trio.testing.wait_all_tasks_blocked()


# Entering and leaving -------------------------------------------------------------------------------------------------


async def test_the_block_begins_ready_and_ends_with_a_close_frame(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        assert await client.request(coinex.ServerTime()) == 1_700_000_000_123
    assert trio.current_time() == 0  # nothing was waited for
    assert network.last.closed_with == b"\x03\xe8"  # 1000
    assert network.last.gone
    assert [attempt[1:3] for attempt in network.attempts] == [("socket.coinex.com", 443)]


async def test_tls_is_the_default_and_checks_certificate_and_name(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network):
        pass
    context = network.attempts[0][3]
    assert context is not None
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert context.minimum_version.name == "TLSv1_2"


async def test_an_exception_of_the_block_comes_out_as_itself(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:
        async with open_client(coinex.spot(), network=network):
            raise error
    assert caught.value is error
    assert caught.value.__context__ is None
    assert network.last.closed_with is not None


async def test_a_cancellation_from_outside_stays_one_and_still_closes_in_good_order(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    with trio.move_on_after(5) as scope:
        async with open_client(coinex.spot(), network=network):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert network.last.closed_with == b"\x03\xe8"


async def test_a_stream_brings_every_event_and_the_latest_ones_the_newest(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        async with client.events(BTC) as every, client.latest(BTC) as newest:
            await settle()
            network.last.tickers("1", "2", "3")
            await settle()
            assert [(await anext(every)).last for _ in range(3)] == [1, 2, 3]
            assert (await anext(newest)).last == 3
            assert newest.skipped == 2
        assert client.topics() == ()


async def test_x8_a_client_in_two_minds_is_refused(autojump_clock: MockClock) -> None:
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(UsageError, match="checks no certificate"):
        async with open_client(coinex.spot(credentials=KEYS), ssl_context=context, network=TrioNetwork()):
            pass
    context = ssl.create_default_context()
    context.check_hostname = False
    with pytest.raises(UsageError, match="set check_hostname to True"):
        async with open_client(coinex.spot(credentials=KEYS), ssl_context=context, network=TrioNetwork()):
            pass


# Callbacks ------------------------------------------------------------------------------------------------------------


async def test_an_error_of_the_block_and_one_of_its_client_come_as_one_group(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    with pytest.raises(ExceptionGroup) as caught:
        async with open_client(coinex.spot(), network=network) as client:
            client.subscribe(BTC, callback=lambda _: 1 // 0)
            await settle()
            network.last.ticker()
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("cleaning up")
    assert {type(error) for error in caught.value.exceptions} == {ZeroDivisionError, KeyError}


async def test_c3_a_slow_callback_is_named_in_the_log(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    import time

    network = TrioNetwork()
    with caplog.at_level(logging.WARNING, logger="coinex_trio"):
        async with open_client(coinex.spot(), network=network) as client:
            client.subscribe(BTC, callback=lambda _: time.sleep(0.26))
            await settle()
            network.last.ticker()
            await settle()
    [took] = re.findall(r"callbacks of TickerUpdate took ([\d.]+) s", caplog.text)
    assert float(took) >= 0.26


# Requests -------------------------------------------------------------------------------------------------------------


async def test_s30_waiting_ends_when_the_client_is_stopped(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        network.last.is_silent = True

        async def stop() -> None:
            await settle()
            client.stop()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop)
            with pytest.raises(OutcomeUnknown):
                await client.request(coinex.ServerTime())
        with pytest.raises(NotReady, match="stopped"):
            await client.ready()
        with pytest.raises(NotReady, match="stopped"):
            client.send(coinex.Ping())


# Threads --------------------------------------------------------------------------------------------------------------


async def test_p5_another_thread_is_refused_and_the_error_says_what_to_do(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        autojump_clock.autojump_threshold = math.inf
        with pytest.raises(UsageError, match="from_thread"):
            await trio.to_thread.run_sync(client.topics)

        def right() -> object:
            return trio.from_thread.run_sync(client.topics)

        assert await trio.to_thread.run_sync(right) == ()


# Topics, books, orders ------------------------------------------------------------------------------------------------


async def test_ready_waits_until_the_topics_are_live_and_subscribes_them(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:

        async def push() -> None:
            await trio.sleep(3)
            network.last.ticker()

        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(push)
            await client.ready(BTC)
        assert trio.current_time() - began >= 3
        assert client.trusted(BTC)


async def test_ready_raises_what_the_venue_says_of_a_topic_it_refuses(autojump_clock: MockClock) -> None:
    network = TrioNetwork(prepare=lambda venue: venue.refusals.update({"state.subscribe": (20001, "Invalid argument")}))
    async with open_client(coinex.spot(), network=network) as client:
        with pytest.raises(RequestRefused, match="20001"):
            await client.ready(BTC)
        network.last.refusals.clear()
        with trio.move_on_after(1):
            await client.ready(BTC)  # asked again
        assert network.last.methods().count("state.subscribe") == 2


async def test_wait_returns_when_the_order_is_final(autojump_clock: MockClock) -> None:
    async with open_client(coinex.spot(), network=TrioNetwork()) as client:
        orders = client._core.session.orders
        order = orders.apply(OrderFact(order_id=1, market="BTCUSDT", amount=Decimal(1), state="live"), 0.0)
        assert order is not None
        assert client.orders() == (order,)

        async def cancel() -> None:
            await trio.sleep(3)
            orders.apply(OrderFact(order_id=1, state="cancelled"), 3.0)
            client.send(coinex.Ping())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cancel)
            assert (await client.wait(order)).state == "cancelled"
