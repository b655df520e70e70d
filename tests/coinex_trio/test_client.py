"""The trio client against a scripted venue, on virtual time."""

from __future__ import annotations

import gc
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
    Closed,
    Config,
    ConnectFailed,
    ConsumerTooSlow,
    Event,
    Failed,
    LoginRefused,
    Lost,
    NotReady,
    OrderFact,
    OutcomeUnknown,
    Ready,
    Replied,
    RequestRefused,
    RequestTimedOut,
    Restored,
    Retrying,
    Update,
    UsageError,
    coinex,
)
from coinex_trio import Client, open_client
from tests.coinex_trio.venue import TrioNetwork, Venue

BTC = coinex.Ticker("BTCUSDT")
ETH = coinex.Ticker("ETHUSDT")
KEYS = coinex.Credentials("a" * 32, "s" * 40)


async def settle() -> None:
    """Lets every task run until all wait."""
    await trio.testing.wait_all_tasks_blocked()


# Entering and leaving -------------------------------------------------------------------------------------------------


async def test_the_block_begins_ready_and_ends_with_a_goodbye(autojump_clock: MockClock) -> None:
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


async def test_retry_first_goes_on_until_the_venue_is_there(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    network.failures = [OSError(101, "Network is unreachable")] * 3  # N27
    retries: list[int] = []
    callbacks = Callbacks()
    callbacks.add(Retrying, lambda e: retries.append(e.attempt))
    config = Config(retry_first=True)
    async with open_client(coinex.spot(), callbacks=callbacks, config=config, network=network):
        assert retries == [1, 2, 3]


async def test_n11_opening_has_one_time_limit(autojump_clock: MockClock) -> None:
    network = TrioNetwork(prepare=lambda venue: setattr(venue, "is_silent", True))
    began = trio.current_time()
    with pytest.raises(ConnectFailed, match="did not answer the WebSocket upgrade within 10 s"):
        async with open_client(coinex.spot(), network=network):
            pass
    assert trio.current_time() - began < 10.1


async def test_n7_a_connection_that_is_never_made_is_given_up(autojump_clock: MockClock) -> None:
    class Hole(TrioNetwork):
        async def open_stream(self, *_: Any) -> trio.abc.Stream:
            await trio.sleep_forever()
            raise AssertionError

    with pytest.raises(ConnectFailed, match="no connection within 10 s"):
        async with open_client(coinex.spot(), network=Hole()):
            pass


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


async def test_a_cancellation_from_outside_stays_one_and_still_says_goodbye(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    with trio.move_on_after(5) as scope:
        async with open_client(coinex.spot(), network=network):
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert network.last.closed_with == b"\x03\xe8"


async def test_n23_a_peer_that_never_closes_is_left_after_the_closing_time(autojump_clock: MockClock) -> None:
    network = TrioNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))
    async with open_client(coinex.spot(), network=network):
        began = trio.current_time()
    assert trio.current_time() - began <= 2.0
    assert network.last.half_closed  # N25
    assert network.last.gone


async def test_n24_a_peer_that_floods_after_our_goodbye_is_left_after_the_closing_time(
    autojump_clock: MockClock,
) -> None:
    network = TrioNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))

    async def flood() -> None:
        while not network.last.gone:
            network.last.ticker()
            await trio.sleep(0.01)

    async with trio.open_nursery() as nursery:
        async with open_client(coinex.spot(), network=network):
            nursery.start_soon(flood)
            await trio.sleep(1)
            began = trio.current_time()
        assert trio.current_time() - began <= 2.0


async def test_a_client_in_two_minds_is_refused(autojump_clock: MockClock) -> None:  # X8
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


async def test_c2_a_keyboard_interrupt_in_a_callback_comes_out_after_the_goodbye(autojump_clock: MockClock) -> None:
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


async def test_the_same_function_is_registered_once(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    got: list[Event] = []
    async with open_client(coinex.spot(), network=network) as client:
        client.subscribe(BTC, callback=got.append)
        client.subscribe(BTC, callback=got.append)
        await settle()
        network.last.ticker()
        await settle()
    assert len(got) == 1


async def test_a_subscription_that_is_refused_leaves_no_callback_behind(autojump_clock: MockClock) -> None:
    callbacks = Callbacks()
    async with open_client(coinex.spot(), callbacks=callbacks, network=TrioNetwork()) as client:
        with pytest.raises(UsageError, match="Authentication required"):
            client.subscribe(coinex.Orders(), callback=print)
        assert not callbacks.wants(coinex.OrderUpdate, ("order", "BTCUSDT"))
        assert client.topics() == ()


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


async def test_s25_a_request_in_flight_when_the_line_breaks_has_an_unknown_outcome(autojump_clock: MockClock) -> None:
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


async def test_n21_frames_of_many_tasks_never_interleave(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(client.request, coinex.ServerTime())
        assert network.last.methods().count("server.time") == 50


# Reconnecting ---------------------------------------------------------------------------------------------------------


async def test_s24_after_a_loss_it_comes_back_by_itself_with_what_is_wanted(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    story: list[str] = []
    async with open_client(coinex.spot(credentials=KEYS), network=network) as client:
        for kind in (Ready, Lost, Closed, Retrying, Restored):
            client.on(kind)(lambda e: story.append(type(e).__name__))
        client.subscribe(BTC)
        await settle()
        network.last.ticker()
        await settle()
        assert client.trusted(BTC)
        network.last.reset(ConnectionResetError(104, "Connection reset by peer"))  # N9
        await settle()
        assert not client.trusted(BTC)
        await trio.sleep(1)
        network.last.ticker()
        await settle()
        assert client.trusted(BTC)
        assert network.last.methods() == ["server.sign", "state.subscribe"]
        assert story == ["Lost", "Closed", "Retrying", "Ready", "Restored"]
        assert client.stats.reconnects == 1


async def test_n13_a_line_that_went_dead_is_noticed_and_replaced(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        reasons: list[str] = []
        client.on(Closed)(lambda e: reasons.append(e.reason.text))
        network.last.is_silent = True
        network.last.answers_close = False
        network.prepare = lambda _: None
        await trio.sleep(20 + 8 + 0.6)
        assert "the line is dead" in reasons[0]
        assert len(network.all) == 2


async def test_n18_a_send_that_blocks_ends_the_connection_while_reading_goes_on(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    got: list[Event] = []
    async with open_client(coinex.spot(), network=network) as client:
        client.subscribe(BTC, callback=got.append)
        await settle()
        first = network.last
        first.room = 0
        client.send(coinex.ServerTime())
        await trio.sleep(4)
        first.ticker()
        await settle()
        assert len(got) == 1
        await trio.sleep(8)
        assert first.gone
        assert len(network.all) == 2


async def test_n16_an_answer_that_waits_unread_behind_a_slow_callback_is_read_before_the_line_is_judged(
    autojump_clock: MockClock,
) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        client.subscribe(BTC, callback=lambda _: autojump_clock.jump(2 * 8.0))
        await trio.sleep(20.1)  # right behind the ping of 20.0, together with its answer
        network.last.ticker()
        await trio.sleep(60)
        assert len(network.all) == 1
        assert client.stats.pings >= 2


async def test_n26_a_laptop_that_slept_an_hour_reconnects_once(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        await trio.sleep(1)
        network.last.is_silent = True
        network.last.answers_close = False
        autojump_clock.jump(3600)
        await trio.sleep(60)
        assert len(network.all) == 2
        assert client.stats.pings <= 6


async def test_p5_another_thread_is_refused_and_told_what_to_do(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        autojump_clock.autojump_threshold = math.inf
        with pytest.raises(UsageError, match="from_thread"):
            await trio.to_thread.run_sync(client.topics)

        def right() -> object:
            return trio.from_thread.run_sync(client.topics)

        assert await trio.to_thread.run_sync(right) == ()


async def test_n28_a_reconnect_that_fails_for_want_of_files_is_tried_again(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        network.failures = [OSError(24, "Too many open files")]
        network.last.end()
        await trio.sleep(5)
        await client.ready()
        assert len(network.attempts) == 3


# Streams --------------------------------------------------------------------------------------------------------------


async def test_a_stream_gives_every_event_in_order(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        stream = client.events(BTC)
        await settle()
        for i in range(100):
            network.last.ticker(str(i))
        assert [int((await anext(stream)).last) for _ in range(100)] == list(range(100))


async def test_c7_a_stream_that_is_dropped_lets_go_of_its_topics(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:

        async def first_of(client: Client) -> None:
            async for _ in client.events(BTC):
                break

        async with trio.open_nursery() as nursery:
            nursery.start_soon(first_of, client)
            await settle()
            network.last.ticker()
        gc.collect()
        assert client.topics() == ()
        await trio.sleep(1)
        assert network.last.methods() == ["state.subscribe", "state.unsubscribe"]


async def test_a_stream_may_be_closed_by_its_block(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        async with client.events(BTC) as stream:
            assert len(client.topics()) == 1
        assert client.topics() == ()
        assert [event async for event in stream] == []


async def test_c6_a_stream_that_is_too_slow_ends_alone(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    config = Config(queue_size=10)
    async with open_client(coinex.spot(), config=config, network=network) as client:
        slow, quick = client.events(BTC), client.latest(BTC)
        await settle()
        for i in range(50):
            network.last.ticker(str(i))
        await settle()
        with pytest.raises(ConsumerTooSlow):
            await anext(slow)
        assert (await anext(quick)).last == 49
        assert quick.skipped == 49
        assert slow.skipped == 0
        await client.ready(BTC)
        assert len(network.all) == 1


async def test_two_tasks_may_share_one_stream(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    got: list[Decimal] = []
    async with open_client(coinex.spot(), network=network) as client:
        stream = client.events(BTC)

        async def take() -> None:
            got.append((await anext(stream)).last)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(take)
            nursery.start_soon(take)
            await settle()
            network.last.ticker("1")
            network.last.ticker("2")
    assert sorted(got) == [1, 2]


async def test_a_stream_outside_the_block_learns_why_its_client_ended(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with trio.open_nursery() as nursery:

        async def read(client: Client) -> None:
            with pytest.raises(ZeroDivisionError):
                await anext(client.events(ETH))

        with pytest.raises(ZeroDivisionError):
            async with open_client(coinex.spot(), network=network) as client:
                nursery.start_soon(read, client)
                client.subscribe(BTC, callback=lambda _: 1 // 0)
                await settle()
                network.last.ticker()
                await trio.sleep_forever()


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


async def test_failed_is_what_a_reply_callback_gets_when_the_line_breaks(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    outcomes: list[Replied[int] | Failed] = []
    async with open_client(coinex.spot(), network=network) as client:
        network.last.is_silent = True
        client.send(coinex.ServerTime(), outcomes.append)
        await settle()
        network.last.end()
        await settle()
    (outcome,) = outcomes
    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, OutcomeUnknown)


async def test_two_clients_may_share_callbacks_and_not_their_replies(autojump_clock: MockClock) -> None:  # P6
    shared, one, two = Callbacks(), TrioNetwork(), TrioNetwork()
    seen: list[Event] = []
    shared.add(coinex.TickerUpdate, seen.append)
    outcomes: list[Any] = []
    async with (
        open_client(coinex.spot(), callbacks=shared, network=one) as a,
        open_client(coinex.spot(), callbacks=shared, network=two) as b,
    ):
        assert a.send(coinex.ServerTime(), outcomes.append) == b.send(coinex.ServerTime(), outcomes.append)
        a.subscribe(BTC)
        b.subscribe(BTC)
        await settle()
        one.last.ticker()
        two.last.ticker()
        await settle()
    assert len(outcomes) == len(seen) == 2


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


async def test_a_fault_of_ours_comes_out_as_itself_and_quickly(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise LookupError("a bug")

    network = TrioNetwork()
    with pytest.raises(LookupError, match="a bug"):
        async with open_client(coinex.spot(), network=network) as client:
            monkeypatch.setattr(client._core.session, "_process", fault)
            network.last.ticker()
            await trio.sleep_forever()
    assert network.last.gone
    assert trio.current_time() < 5


async def test_s30_stop_while_it_connects_or_waits_for_the_next_attempt_ends_it_at_once(
    autojump_clock: MockClock,
) -> None:
    class Hole(TrioNetwork):
        is_hole = False

        async def open_stream(self, *arguments: Any) -> trio.abc.Stream:
            if self.is_hole:
                await trio.sleep_forever()
            return await super().open_stream(*arguments)

    for is_hole, pause in ((True, 5.0), (False, 0.0)):
        network = Hole()
        async with open_client(coinex.spot(), network=network) as client:
            network.is_hole = is_hole
            network.last.end()
            await trio.sleep(pause)
            client.stop()
            began = trio.current_time()
        assert trio.current_time() == began


async def test_a_stream_can_be_closed_like_any_async_generator(autojump_clock: MockClock) -> None:
    async with open_client(coinex.spot(), network=TrioNetwork()) as client:
        stream = client.events(BTC)
        await stream.aclose()
        stream.close()
        assert client.topics() == ()


async def test_n20_a_send_that_is_cut_in_the_middle_ends_the_connection_for_good(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        first = network.last
        first.room = 0
        client.send(coinex.ServerTime())
        await trio.sleep(8.5)  # the send was given up after ping_timeout
        sent = len(first.requests)
        first.room = math.inf
        client.send(coinex.ServerTime()) if client._core.is_ready else None
        await trio.sleep(5)
        assert first.gone
        assert len(first.requests) == sent
        assert first.closed_with is None
        await client.ready()
        assert network.last is not first


async def test_n22_leaving_while_other_tasks_send_and_read_ends_all_of_them_in_time(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    ended: list[str] = []

    async with trio.open_nursery() as nursery:

        async def read(client: Client) -> None:
            assert [event async for event in client.events(BTC)] == []
            ended.append("stream")

        async def ask(client: Client) -> None:
            with pytest.raises(OutcomeUnknown):
                await client.request(coinex.ServerTime())
            ended.append("request")

        async with open_client(coinex.spot(), network=network) as client:
            network.last.is_silent, network.last.answers_close = True, False
            nursery.start_soon(read, client)
            nursery.start_soon(ask, client)
            await settle()
            began = trio.current_time()
        assert trio.current_time() - began <= 2.0
    assert sorted(ended) == ["request", "stream"]
