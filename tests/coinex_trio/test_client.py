"""The trio client against a scripted venue, on virtual time."""

from __future__ import annotations

import logging
import math
from decimal import Decimal
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import (
    BookNotTrusted,
    Callbacks,
    Config,
    ConnectFailed,
    Event,
    Failed,
    LoginRefused,
    NotReady,
    OrderFact,
    OutcomeUnknown,
    Replied,
    RequestRefused,
    RequestTimedOut,
    Retrying,
    Update,
    UsageError,
    coinex,
)
from coinex_trio import open_client
from tests.coinex_trio.venue import TrioNetwork, Venue

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


async def test_n6_a_first_connection_that_fails_comes_out_bare_and_names_host_and_port(
    autojump_clock: MockClock,
) -> None:
    network = TrioNetwork()
    network.failures = [ConnectionRefusedError(111, "Connection refused")]
    with pytest.raises(ConnectFailed, match=r"socket\.coinex\.com:443.*Connection refused"):
        async with open_client(coinex.spot(), network=network):
            pytest.fail("the block must not begin")
    assert len(network.attempts) == 1


async def test_n27_retry_first_goes_on_until_the_venue_is_there(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    network.failures = [OSError(101, "Network is unreachable")] * 3
    retries: list[int] = []
    callbacks = Callbacks()
    callbacks.add(Retrying, lambda e: retries.append(e.attempt))
    config = Config(retry_first=True)
    async with open_client(coinex.spot(), callbacks=callbacks, config=config, network=network):
        assert retries == [1, 2, 3]


async def test_s1_refused_credentials_come_out_bare_and_are_not_tried_again(autojump_clock: MockClock) -> None:
    network = TrioNetwork(prepare=lambda venue: venue.refusals.update({"server.sign": (21001, "bad signature")}))
    with pytest.raises(LoginRefused, match="21001"):
        async with open_client(coinex.spot(credentials=KEYS), network=network):
            pytest.fail("the block must not begin")
    await trio.sleep(100)
    assert len(network.attempts) == 1


async def test_an_exception_of_the_block_comes_out_as_itself(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught:
        async with open_client(coinex.spot(), network=network):
            raise error
    assert caught.value is error
    assert caught.value.__context__ is None
    assert network.last.closed_with is not None


async def test_p9_a_group_of_the_block_is_left_as_it_is(autojump_clock: MockClock) -> None:
    group = ExceptionGroup("mine", [ValueError(1), TypeError(2)])
    with pytest.raises(ExceptionGroup) as caught:
        async with open_client(coinex.spot(), network=TrioNetwork()):
            raise group
    assert caught.value is group


async def test_a_cancellation_from_outside_stays_one_and_still_closes_in_good_order(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    with trio.move_on_after(5) as scope:
        async with open_client(coinex.spot(), network=network):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert network.last.closed_with == b"\x03\xe8"


async def test_x8_a_client_in_two_minds_is_refused(autojump_clock: MockClock) -> None:
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with pytest.raises(UsageError, match="checks no certificate"):
        async with open_client(coinex.spot(credentials=KEYS), ssl_context=context, network=TrioNetwork()):
            pass


# Callbacks ------------------------------------------------------------------------------------------------------------


async def test_c1_an_exception_of_a_callback_comes_out_of_the_block_as_itself(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    with pytest.raises(ZeroDivisionError) as caught:
        async with open_client(coinex.spot(), network=network) as client:
            client.subscribe(BTC, callback=lambda _: 1 // 0)
            await settle()
            network.last.ticker()
            await trio.sleep_forever()
    assert "TickerUpdate" in caught.value.__notes__[0]
    assert network.last.closed_with is not None


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


async def test_c1_with_on_error_the_client_goes_on(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    seen: list[object] = []
    async with open_client(coinex.spot(), network=network) as client:
        client.on_error(lambda event, error: seen.append((type(event), type(error))))
        client.subscribe(BTC, callback=lambda _: 1 // 0)
        await settle()
        network.last.ticker()
        network.last.ticker()
        await settle()
    assert seen == [(coinex.TickerUpdate, ZeroDivisionError)] * 2


async def test_c2_a_keyboard_interrupt_in_a_callback_comes_out_after_closing(autojump_clock: MockClock) -> None:
    network = TrioNetwork()

    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        async with open_client(coinex.spot(), network=network) as client:
            client.subscribe(BTC, callback=interrupt)
            await settle()
            network.last.ticker()
            await trio.sleep_forever()
    assert network.last.closed_with is not None


async def test_c4_a_callback_may_subscribe_unsubscribe_send_and_stop(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    times: list[int] = []

    async with open_client(coinex.spot(), network=network) as client:

        def once(_: coinex.TickerUpdate) -> None:
            client.unsubscribe(BTC)
            client.subscribe(ETH)
            client.send(coinex.ServerTime(), lambda o: times.append(o.result) if isinstance(o, Replied) else None)

        client.subscribe(BTC, callback=once)
        await settle()
        network.last.ticker()
        network.last.ticker()  # not wanted any more: no second send
        await trio.sleep(1)
        assert times == [1_700_000_000_123]
        assert [status.topic for status in client.topics()] == [ETH]
        client.on(Update)(lambda _: client.stop())
        network.last.ticker(market="ETHUSDT")
        network.last.ticker(market="ETHUSDT")
        assert len([event async for event in client.events(Update)]) == 1


async def test_unsubscribe_takes_away_only_what_subscribe_gave(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    got: list[str] = []
    async with open_client(coinex.spot(), network=network) as client:
        client.subscribe(BTC, callback=lambda _: got.append("callback"))
        client.subscribe(BTC, callback=lambda _: got.append("another"))
        stream = client.events(BTC)
        await settle()
        network.last.ticker()
        await settle()
        client.unsubscribe(BTC)
        network.last.ticker("2")
        await settle()
        assert got == ["callback", "another"]
        assert [(await anext(stream)).last, (await anext(stream)).last] == [Decimal("100.5"), Decimal(2)]


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
    assert "callbacks of TickerUpdate took 0.2" in caplog.text


# Requests -------------------------------------------------------------------------------------------------------------


async def test_a_refused_request_raises_what_the_venue_said(autojump_clock: MockClock) -> None:
    network = TrioNetwork(prepare=lambda venue: venue.refusals.update({"server.time": (23001, "busy")}))
    async with open_client(coinex.spot(), network=network) as client:
        with pytest.raises(RequestRefused, match="23001"):
            await client.request(coinex.ServerTime())


async def test_a_request_without_an_answer_times_out(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        network.last.is_silent = True
        with pytest.raises(RequestTimedOut):
            await client.request(coinex.ServerTime())


async def test_s25_a_request_in_flight_when_the_connection_breaks_is_of_unknown_outcome(
    autojump_clock: MockClock,
) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        network.last.is_silent = True
        with pytest.raises(OutcomeUnknown):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.lowlevel.checkpoint)
                nursery.start_soon(breaking, network.last)
                with pytest.raises(OutcomeUnknown) as caught:
                    await client.request(coinex.ServerTime())
            raise caught.value


async def breaking(venue: Venue) -> None:
    await settle()
    venue.reset(ConnectionResetError(104, "Connection reset by peer"))


async def test_commands_are_refused_at_once_while_there_is_no_connection(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        network.last.end()
        await settle()
        with pytest.raises(NotReady):
            await client.request(coinex.ServerTime())


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


# Reconnecting ---------------------------------------------------------------------------------------------------------


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


async def test_a_book_is_live_and_gives_no_number_before_it_is_proved(autojump_clock: MockClock) -> None:
    async with open_client(coinex.spot(), network=TrioNetwork()) as client:
        book = client.book(coinex.Depth("BTCUSDT"))
        assert not book.trusted
        with pytest.raises(BookNotTrusted):
            assert book.best_bid
        assert [status.topic for status in client.topics()] == [coinex.Depth("BTCUSDT")]


async def test_failed_is_what_a_reply_callback_gets_when_the_connection_breaks(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    replies: list[Replied[int] | Failed] = []
    async with open_client(coinex.spot(), network=network) as client:
        network.last.is_silent = True
        client.send(coinex.ServerTime(), replies.append)
        await settle()
        network.last.end()
        await settle()
    (reply,) = replies
    assert isinstance(reply, Failed)
    assert isinstance(reply.error, OutcomeUnknown)


async def test_p6_two_clients_may_share_callbacks_and_not_their_replies(autojump_clock: MockClock) -> None:
    shared, one, two = Callbacks(), TrioNetwork(), TrioNetwork()
    seen: list[Event] = []
    shared.add(coinex.TickerUpdate, seen.append)
    replies: list[Any] = []
    async with (
        open_client(coinex.spot(), callbacks=shared, network=one) as a,
        open_client(coinex.spot(), callbacks=shared, network=two) as b,
    ):
        assert a.send(coinex.ServerTime(), replies.append) == b.send(coinex.ServerTime(), replies.append)
        a.subscribe(BTC)
        b.subscribe(BTC)
        await settle()
        one.last.ticker()
        two.last.ticker()
        await settle()
    assert len(replies) == len(seen) == 2


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
