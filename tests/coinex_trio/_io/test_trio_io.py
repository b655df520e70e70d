"""The two tasks of the trio client: connecting, reading, sending, closing; against a scripted venue, on virtual time."""

from __future__ import annotations

import errno
import math
import os
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import (
    Closed,
    Config,
    ConnectFailed,
    Event,
    Lost,
    OutcomeUnknown,
    Ready,
    Restored,
    Retrying,
    UsageError,
    coinex,
)
from coinex_trio import Client, memory_exchange, open_client
from tests.coinex_proto.harness.websocket_server import close_frame
from tests.coinex_trio.venue import TrioNetwork

BTC = coinex.Ticker("BTCUSDT")


KEYS = coinex.Credentials("a" * 32, "s" * 40)
GONE = [
    (number, os.strerror(number)) for number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENOBUFS)
] + [(errno.ETIMEDOUT, "time-out")]


async def settle() -> None:
    """Lets every task run until all wait."""
    await trio.testing.wait_all_tasks_blocked()


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


async def test_n23_a_peer_that_never_closes_is_left_after_the_closing_time(autojump_clock: MockClock) -> None:
    network = TrioNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))
    async with open_client(coinex.spot(), network=network):
        began = trio.current_time()
    assert trio.current_time() - began <= 2.0
    assert network.last.half_closed
    assert network.last.gone


@pytest.mark.parametrize(("ends_after", "took"), [(0.4, 0.5), (3600.0, 2.0)])
async def test_n23_a_peer_that_says_close_is_waited_for_until_it_ends_or_the_closing_time_is_over(
    ends_after: float, took: float, autojump_clock: MockClock
) -> None:
    network = TrioNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))

    async def close_late() -> None:
        await trio.sleep(0.1)
        network.last.send(close_frame(1000))
        await trio.sleep(ends_after)
        network.last.end()

    async with trio.open_nursery() as nursery:
        async with open_client(coinex.spot(), network=network, config=Config(close_timeout=2.0)):
            began = trio.current_time()
            nursery.start_soon(close_late)
        assert trio.current_time() - began == pytest.approx(took)
        nursery.cancel_scope.cancel()


async def test_n24_a_peer_that_floods_after_our_close_frame_is_left_after_the_closing_time(
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


async def test_n21_frames_of_many_tasks_never_interleave(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        async with trio.open_nursery() as nursery:
            for _ in range(50):
                nursery.start_soon(client.request, coinex.ServerTime())
        assert network.last.methods().count("server.time") == 50


async def test_s24_after_a_loss_it_comes_back_by_itself_with_its_subscriptions(autojump_clock: MockClock) -> None:
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


async def test_n13_a_connection_that_went_dead_is_noticed_and_replaced(autojump_clock: MockClock) -> None:
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


async def test_n16_an_answer_that_waits_unread_behind_a_slow_callback_is_read_before_the_connection_is_judged(
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


async def test_n28_a_reconnect_that_fails_for_want_of_files_is_tried_again(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        network.failures = [OSError(24, "Too many open files")]
        network.last.end()
        await trio.sleep(5)
        await client.ready()
        assert len(network.attempts) == 3


@pytest.mark.parametrize(("number", "words"), GONE)
async def test_n27_a_way_to_the_venue_that_is_gone_is_tried_again_until_it_is_back(
    number: int, words: str, autojump_clock: MockClock
) -> None:
    network = TrioNetwork()
    whys: list[str] = []
    async with open_client(coinex.spot(), network=network) as client:
        client.on(Retrying)(lambda event: whys.append(event.why))
        network.failures = [OSError(number, os.strerror(number))] * 3
        network.last.reset(OSError(number, os.strerror(number)))
        await trio.sleep(1)
        await client.ready()
    assert len(network.attempts) == 5
    assert len(whys) == 4
    assert all(words in why for why in whys)


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


async def test_topics_that_come_later_get_sockets_and_leaving_closes_every_one(autojump_clock: MockClock) -> None:
    exchange = memory_exchange(seed=1)
    topics = [BTC, coinex.Depth("BTCUSDT"), coinex.Trades("BTCUSDT")]
    config = Config(topics_per_connection=1)
    async with open_client(coinex.spot(), network=exchange.network, config=config) as client:
        for number, topic in enumerate(topics, 1):
            client.subscribe(topic)
            await trio.sleep(2)
            assert len(exchange._server.sockets()) == number
        assert client.trusted(*topics)
    assert exchange._server.sockets() == ()


async def test_p2_ctrl_c_while_it_closes_leaves_nobody_waiting(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted:
        async def wait(self) -> None:
            raise KeyboardInterrupt

        def set(self) -> None: ...

    network = TrioNetwork()
    ended: list[str] = []

    async def wait_for_what_never_comes(client: Client) -> None:
        with pytest.raises(UsageError, match=r"the client has ended|stopped"):
            await client.ready(BTC)
        ended.append("ready")

    async with trio.open_nursery() as nursery:
        with pytest.raises(KeyboardInterrupt):
            async with open_client(coinex.spot(), network=network) as client:
                nursery.start_soon(wait_for_what_never_comes, client)
                await settle()
                network.last.room = 0  # its writer is in the middle of sending
                client.send(coinex.Ping())
                await settle()
                for socket in client._io._sockets.values():
                    monkeypatch.setattr(socket, "is_done", Interrupted())
        await settle()
        assert ended == ["ready"]


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
