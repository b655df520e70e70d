"""Ctrl-C under trio, real signals: before each step of each task, and in the middle of what is protected."""

from __future__ import annotations

import itertools
import signal
import socket
from collections.abc import AsyncIterator

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import coinex
from coinex_trio import open_client
from coinex_trio._io.interrupts import interrupt_alone, protected
from coinex_trio._io.trio_awaiting import TrioAwaiting
from coinex_trio._io.trio_streams import open_tcp
from tests.coinex_trio.venue import TrioNetwork

BTC = coinex.Ticker("BTCUSDT")


class BeforeStep(trio.abc.Instrument):
    """Ctrl-C before this step of the run's tasks, counted from the first of the main one."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.has_begun = False

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.has_begun |= task.name.endswith("main")
        if not self.has_begun:
            return
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("answers_close", [True, False])
def test_ctrl_c_before_any_step_comes_out_as_itself_and_leaves_nothing(answers_close: bool) -> None:
    interrupted = 0
    for number in itertools.count(1):
        network = TrioNetwork(lambda venue: setattr(venue, "answers_close", answers_close))
        instrument = BeforeStep(number)

        async def main(network: TrioNetwork = network) -> None:
            async with open_client(coinex.spot(), network=network) as client:
                client.subscribe(BTC)
                await client.request(coinex.ServerTime())
                await trio.sleep(1)

        try:
            trio.run(main, clock=MockClock(autojump_threshold=0), instruments=[instrument])
        except KeyboardInterrupt:
            interrupted += 1
        assert all(venue.gone for venue in network.all)
        if instrument.left > 0:
            break
    assert interrupted > 20


def test_ctrl_c_within_a_connection_attempt_waits_for_the_main_task(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = []

    async def connect(self: object, address: object) -> None:
        signal.raise_signal(signal.SIGINT)
        connected.append(address)

    async def main() -> None:
        with trio.socket.socket() as made:
            monkeypatch.setattr(type(made), "connect", connect)
        stream = await open_tcp("host", 1, trio.CapacityLimiter(1), lambda host, port: [("127.0.0.1", port)])
        await stream.aclose()

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    assert connected == [("127.0.0.1", 1)]


def test_a_host_with_an_address_of_ipv6_is_connected_to() -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")

    async def main() -> None:
        port = listener.getsockname()[1]
        stream = await open_tcp("host", port, trio.CapacityLimiter(1), lambda host, port: [("::1", port)])
        await stream.aclose()

    with listener:
        trio.run(main)


def test_entering_and_leaving_are_not_cut_and_the_block_is() -> None:
    done = []

    @protected
    async def block() -> AsyncIterator[str]:
        signal.raise_signal(signal.SIGINT)
        done.append("entered")
        try:
            yield "given"
        finally:
            done.append("left")

    async def main() -> None:
        async with block() as given:
            done.append(given)
            await trio.lowlevel.checkpoint()

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    assert done == ["entered", "given", "left"]

    async def interrupted() -> None:
        async with block():
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trio.run(interrupted)


def test_a_group_of_nothing_but_ctrl_c_is_ctrl_c() -> None:
    inner = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as alone, interrupt_alone():
        raise BaseExceptionGroup("outer", [BaseExceptionGroup("inner", [inner])])
    assert alone.value is inner
    for other in ([KeyError()], [KeyboardInterrupt(), KeyError()]):
        with pytest.raises(BaseExceptionGroup) as both, interrupt_alone():
            raise BaseExceptionGroup("group", other)
        assert list(both.value.exceptions) == other
    with interrupt_alone():
        pass


def test_ctrl_c_in_a_library_that_works_in_nurseries_comes_out_of_a_call_as_itself() -> None:
    async def in_a_nursery() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trio.run(TrioAwaiting()._in_time, 10.0, in_a_nursery)
