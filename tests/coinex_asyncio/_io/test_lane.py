"""One connection after the other under asyncio: bytes, time, room and the goodbye, against a scripted venue."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from typing import Any

import pytest

from coinex_asyncio import open_client
from coinex_asyncio._io import lane as module
from coinex_proto import Closed, Config, ConnectFailed, Event, RequestTimedOut, Retrying, coinex
from coinex_trio.network import SystemNetwork
from tests.coinex_asyncio.venue import AsyncioNetwork, VenueLink, virtually
from tests.coinex_proto.harness.websocket_server import close_frame

BTC = coinex.Ticker("BTCUSDT")
GONE = [
    (number, os.strerror(number))
    for number in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EMFILE, errno.ENOBUFS)
] + [(errno.ETIMEDOUT, "time-out")]


def spot() -> coinex.CoinexDialect:
    """Without TLS, whose trust store takes longer to read than most of these tests."""
    return coinex.spot(url="ws://127.0.0.1/")


async def settle() -> None:
    """Lets everything run that can without time."""
    for _ in range(20):
        await asyncio.sleep(0)


# Time and room --------------------------------------------------------------------------------------------------------


def test_a_request_without_an_answer_times_out_at_its_time() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork()
        async with open_client(spot(), config=Config(ping_interval=1000), network=network) as client:
            network.last.is_silent = True
            began = loop.time()
            with pytest.raises(RequestTimedOut):
                await client.request(coinex.ServerTime())
            assert loop.time() - began == pytest.approx(10, abs=0.01)

    virtually(story)


def test_a_peer_that_takes_nothing_for_ping_timeout_is_given_up() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork()
        config = Config(ping_interval=1000)
        async with open_client(spot(), config=config, network=network) as client:
            network.last.room = 0
            began = loop.time()
            client.send(coinex.Ping())
            while not network.all[0].gone:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
            assert loop.time() - began == pytest.approx(config.ping_timeout, abs=0.2)
            await client.ready()
        assert len(network.all) == 2

    virtually(story)


def test_a_peer_that_takes_bytes_again_is_given_the_rest() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            network.last.room = 0
            first = asyncio.create_task(client.request(coinex.ServerTime()))
            await settle()
            second = asyncio.create_task(client.request(coinex.ServerTime()))  # stays in the session
            await settle()
            assert network.last.methods() == []
            network.links[0].give_room(float("inf"))
            assert [await first, await second] == [1_700_000_000_123] * 2
        assert len(network.all) == 1

    virtually(story)


def test_n25_after_the_goodbye_the_stream_is_half_closed_and_read_to_its_end() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network):
            pass
        assert network.last.half_closed
        assert network.last.gone

    virtually(story)


def test_n25_a_peer_that_never_ends_the_connection_is_left_after_close_timeout() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))
        async with open_client(spot(), config=Config(close_timeout=3), network=network):
            began = loop.time()
        assert loop.time() - began == pytest.approx(3, abs=0.01)
        assert network.last.gone

    virtually(story)


def test_a_silent_connection_is_pinged_and_then_left() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            network.last.is_silent = True
            began = loop.time()
            while not network.all[0].gone:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            assert loop.time() - began <= 20 + 8 + 1
            await client.ready()
        assert network.all[0].methods()[:1] == ["server.ping"]

    virtually(story)


def test_a_peer_that_takes_bytes_again_in_time_is_not_given_up_later() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), config=Config(ping_interval=1000), network=network) as client:
            network.last.room = 0
            client.send(coinex.Ping())
            await asyncio.sleep(5)
            network.links[0].give_room(float("inf"))
            await asyncio.sleep(60)
        assert len(network.all) == 1

    virtually(story)


def test_a_timer_that_comes_a_little_early_is_served_and_not_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            loop = asyncio.get_running_loop()
            (lane,) = client._io._lanes.values()
            await asyncio.sleep(1.0)
            at, served = loop.time(), []
            monkeypatch.setattr(lane.core, "serve_timers", lambda deadline, line: served.append(deadline))
            for early, is_served in ((module.EARLY * 2, False), (module.EARLY / 2, True)):
                served.clear()
                monkeypatch.setattr(lane.line, "next_deadline", lambda e=early: network.now() + e)
                lane._look_at_time()
                assert bool(served) is is_served
                assert lane._timer is not None
                assert lane._timer.when() == pytest.approx(at + early, abs=1e-5)
            monkeypatch.undo()

    virtually(story)


def test_on_the_systems_network_a_lane_looks_at_its_clock_once_a_second() -> None:
    class System(SystemNetwork):
        """The system's clock, and no sockets."""

    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            (lane,) = client._io._lanes.values()
            loop = asyncio.get_running_loop()
            for known, longest in ((network, 20.0), (System(), 1.0)):
                client._io.network = known
                other = module.Lane(client._io, lane.line)
                other._set_timer(client._core.now() + 20.0)
                assert other._timer is not None
                assert other._timer.when() - loop.time() == pytest.approx(longest, abs=1e-3)
                other.forget_times()

    virtually(story)


# The beginning --------------------------------------------------------------------------------------------------------


def test_a_connection_that_is_never_made_is_given_up_in_time_and_says_so() -> None:
    class Hole(AsyncioNetwork):
        async def open_transport(self, *_: Any) -> asyncio.Transport:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

    async def story() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(ConnectFailed, match="no connection within 4 s"):
            async with open_client(spot(), config=Config(open_timeout=4.0), network=Hole()):
                pass
        assert loop.time() - began == pytest.approx(4.0, abs=0.01)

    virtually(story)


def test_why_a_connection_was_refused_is_told_and_a_fault_of_a_network_comes_out_as_itself() -> None:
    async def refused() -> None:
        network = AsyncioNetwork()
        network.failures = [ConnectionRefusedError(111, "Connection refused")]
        with pytest.raises(ConnectFailed, match="refused"):
            async with open_client(spot(), network=network):
                pass

    class Broken(AsyncioNetwork):
        async def open_transport(self, *_: Any) -> asyncio.Transport:
            raise KeyError("a fault")

    async def broken() -> None:
        with pytest.raises(KeyError, match="a fault"):
            async with open_client(spot(), network=Broken()):
                pass

    virtually(refused)
    virtually(broken)


def test_a_connection_that_ends_while_it_is_made_is_followed_by_the_next() -> None:
    class Short(AsyncioNetwork):
        async def open_transport(self, *given: Any) -> asyncio.Transport:
            transport = await super().open_transport(*given)
            if len(self.links) == 1:
                transport.abort()
                await settle()  # the protocol has heard of it before the client has the transport
            return transport

    async def story() -> None:
        network = Short()
        async with open_client(spot(), config=Config(retry_first=True), network=network) as client:
            await client.ready()
        assert len(network.all) == 2

    virtually(story)


def test_what_a_peer_says_before_the_beginning_and_after_the_end_reaches_nobody() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), config=Config(retry_first=True), network=network) as client:
            (lane,) = client._io._lanes.values()
            early = module.Link(lane)
            early.data_received(b"junk")
            early.connection_lost(None)
            old = lane.link
            assert old is not None
            network.last.reset(ConnectionResetError(104, "Connection reset by peer"))
            await asyncio.sleep(60)
            await client.ready()
            old.data_received(b"junk")
            old.connection_lost(None)
            await client.request(coinex.ServerTime())
        assert len(network.all) == 2

    virtually(story)


# Events ---------------------------------------------------------------------------------------------------------------


def test_no_callback_runs_within_a_callback_and_what_it_asked_for_leaves_all_the_same() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        depth, deepest, seen = 0, 0, []

        async with open_client(spot(), config=Config(retry_first=True), network=network) as client:

            def note(event: Event) -> None:
                nonlocal depth, deepest
                depth += 1
                deepest = max(deepest, depth)
                seen.append(type(event))
                if len(seen) < 6:
                    client.send(coinex.ServerTime())
                    (lane,) = client._io._lanes.values()
                    lane.turn()
                depth -= 1

            client.on(Event)(note)
            client.send(coinex.ServerTime())
            await asyncio.sleep(1)
        assert deepest == 1
        assert network.last.methods().count("server.time") == 6

    virtually(story)


# The end --------------------------------------------------------------------------------------------------------------


def test_how_a_connection_ended_is_told() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        found: list[str] = []
        async with open_client(spot(), config=Config(retry_first=True), network=network) as client:
            client.on(Closed)(lambda event: found.append(str(event.reason)))
            network.last.end()
            await asyncio.sleep(60)
            network.last.reset(ConnectionResetError(104, "Connection reset by peer"))
            await asyncio.sleep(60)
        assert module.ENDED in found[0]
        assert "reset" in found[1].lower()

    virtually(story)


@pytest.mark.parametrize(("number", "words"), GONE)
def test_n27_n28_a_way_to_the_venue_that_is_gone_is_tried_again_until_it_is_back(number: int, words: str) -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        whys: list[str] = []
        async with open_client(spot(), network=network) as client:
            client.on(Retrying)(lambda event: whys.append(event.why))
            network.failures = [OSError(number, os.strerror(number))] * 3
            network.last.reset(OSError(number, os.strerror(number)))
            await asyncio.sleep(1)
            await client.ready()
        assert len(network.attempts) == 5
        assert len(whys) == 4
        assert all(words in why for why in whys)

    virtually(story)


class OverTls(VenueLink):
    """TLS cannot be half closed: asyncio's transport says goodbye itself, and reads on until the peer does."""

    has_said_goodbye = False

    def can_write_eof(self) -> bool:
        return False

    def write_eof(self) -> None:
        raise AssertionError("there is no such thing over TLS")

    def close(self) -> None:
        self.has_said_goodbye = True
        self._loop.call_later(1.0, self.abort)

    def _pump(self) -> None:
        """The peer ends TLS a second after its Close frame."""
        self.venue.is_over = False
        super()._pump()


def test_over_tls_the_transport_says_goodbye_and_is_waited_for() -> None:
    class Network(AsyncioNetwork):
        async def open_transport(self, protocol: Any, host: str, port: int, ssl_context: Any) -> asyncio.Transport:
            await asyncio.sleep(0)
            link = OverTls(self.accept(self.now(), host, port, ssl_context), protocol)
            self.links.append(link)
            return link

    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = Network()
        async with open_client(spot(), network=network):
            began = loop.time()
        (link,) = network.links
        assert isinstance(link, OverTls)
        assert link.has_said_goodbye
        assert loop.time() - began == pytest.approx(1.0, abs=0.01)

    virtually(story)


def test_the_end_while_the_peer_takes_nothing_comes_after_close_timeout() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork()
        config = Config(ping_interval=1000, ping_timeout=500, close_timeout=3)
        async with open_client(spot(), config=config, network=network) as client:
            network.last.room = 0
            client.send(coinex.Ping())
            began = loop.time()
        assert loop.time() - began == pytest.approx(3.0, abs=0.01)
        assert network.last.gone

    virtually(story)


def test_the_end_while_it_connects_or_pauses_comes_at_once() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork()
        async with open_client(spot(), config=Config(retry_first=True), network=network):
            network.failures = [ConnectionRefusedError(111, "Connection refused")] * 100
            network.last.end()
            await asyncio.sleep(60)
            began = loop.time()
        assert loop.time() - began < 0.01

    virtually(story)


def test_an_error_within_a_read_ends_the_connection_and_the_client() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        with pytest.raises(MemoryError):
            async with open_client(spot(), network=network) as client:
                (lane,) = client._io._lanes.values()

                def fail(*_: object) -> None:
                    raise MemoryError

                lane.line.receive_data = fail  # type: ignore[method-assign, assignment]
                network.last.ticker()
                await asyncio.get_running_loop().create_future()
        assert network.last.gone
        assert len(network.all) == 1

    virtually(story)


def test_a_peer_that_let_a_ping_pass_is_not_waited_for() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), config=Config(close_timeout=5.0), network=network) as client:
            network.last.is_silent, network.last.answers_close = True, False
            await asyncio.sleep(20 + 8 + 0.6)
            assert len(network.all) == 2
            await client.ready()

    virtually(story)


def test_a_peer_that_never_ends_is_not_said_to_take_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        network = AsyncioNetwork(prepare=lambda venue: setattr(venue, "answers_close", False))
        async with open_client(spot(), network=network):
            asyncio.get_running_loop().call_later(0.1, lambda: network.last.send(close_frame(1000)))

    with caplog.at_level(logging.INFO, "coinex_trio"):
        virtually(story)
    assert "connecting to" in caplog.text, "what is logged is seen here"
    assert "has not taken" not in caplog.text


def test_a_socket_that_is_not_needed_any_more_stops_connecting_while_the_client_goes_on() -> None:
    class Hole(AsyncioNetwork):
        is_hole = False

        async def open_transport(self, *arguments: Any) -> asyncio.Transport:
            if self.is_hole:
                await asyncio.sleep(3600)
            return await super().open_transport(*arguments)

    async def story() -> None:
        network = Hole()
        config = Config(topics_per_connection=1, open_timeout=60.0)
        async with open_client(spot(), config=config, network=network) as client:
            client.subscribe(BTC)
            await settle()
            network.is_hole = True
            client.subscribe(coinex.Ticker("ETHUSDT"))
            await asyncio.sleep(1)
            lanes = client._io._lanes
            assert [lane._connecting is None for lane in lanes.values()] == [True, False]
            client.unsubscribe(coinex.Ticker("ETHUSDT"))
            await asyncio.sleep(1)
            assert len(lanes) == 1
            assert not network.last.gone

    virtually(story)


def test_what_is_abandoned_leaves_no_socket_open() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            client._io.abandon()
            await settle()
            assert network.last.gone
            assert network.last.closed_with is None

    virtually(story)


@pytest.mark.parametrize("is_secure", [True, False])
def test_tls_is_spoken_where_the_address_says_so(is_secure: bool) -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        dialect = coinex.spot() if is_secure else spot()
        async with open_client(dialect, network=network):
            context = network.attempts[0][3]
            assert (context is not None) is is_secure

    virtually(story)
