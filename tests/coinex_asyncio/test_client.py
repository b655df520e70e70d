"""The asyncio client against a scripted venue, on virtual time: what is asyncio's own. The rest is in tests/conformance."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from coinex_asyncio import Client, open_client, open_coinex
from coinex_proto import Config, Event, NotReady, OrderFact, UsageError, coinex
from tests.coinex_asyncio.venue import AsyncioNetwork, virtually

BTC = coinex.Ticker("BTCUSDT")
KEYS = coinex.Credentials("a" * 32, "s" * 40)
NORMAL = b"\x03\xe8"


def spot(credentials: coinex.Credentials | None = None) -> coinex.CoinexDialect:
    """Without TLS, whose trust store takes longer to read than most of these tests."""
    return coinex.spot(credentials=credentials, url="ws://127.0.0.1/")


async def settle() -> None:
    """Lets everything run that can without time."""
    for _ in range(20):
        await asyncio.sleep(0)


# A cancellation at every step -----------------------------------------------------------------------------------------


class CancelAt:
    """Awaits a coroutine step by step, and cancels the task before the n-th."""

    def __init__(self, work: Awaitable[Any], step: int) -> None:
        self._work = work
        self._left = step

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        task = asyncio.current_task()
        assert task is not None
        value: Any = None
        while True:
            self._left -= 1
            if self._left == 0:
                task.cancel()
            try:
                waited = steps.send(value)
            except StopIteration as stop:
                return stop.value
            try:
                value = yield waited
            except BaseException as error:  # noqa: BLE001
                while True:
                    try:
                        waited = steps.throw(error)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        value = yield waited
                        break
                    except BaseException as another:  # noqa: BLE001
                        error = another


async def opening(network: AsyncioNetwork) -> None:
    async with open_client(spot(KEYS), network=network):
        pass


async def trading(network: AsyncioNetwork) -> None:
    async with open_client(spot(), network=network) as client:
        client.subscribe(BTC)
        await client.request(coinex.ServerTime())
        network.last.ticker()
        await client.ready(BTC)
        async with asyncio.TaskGroup() as group:
            group.create_task(client.request(coinex.ServerTime()))
            group.create_task(client.request(coinex.Ping()))


async def reconnecting(network: AsyncioNetwork) -> None:
    network.failures = [ConnectionRefusedError(111, "Connection refused")]
    async with open_client(spot(), config=Config(retry_first=True), network=network) as client:
        stream = client.events(BTC)
        await asyncio.sleep(0.1)
        network.last.ticker()
        await anext(stream)
        network.last.reset(ConnectionResetError(104, "Connection reset by peer"))
        await asyncio.sleep(0.1)
        with suppress(NotReady):
            await client.request(coinex.Ping())
        await client.ready()


async def stuck(network: AsyncioNetwork) -> None:
    """A peer that answers no Close frame, and takes nothing."""
    network.prepare = lambda venue: setattr(venue, "answers_close", False)
    async with open_client(spot(), network=network) as client:
        network.last.room = 0
        client.send(coinex.Ping())
        await asyncio.sleep(1)


@pytest.mark.parametrize("story", [opening, trading, reconnecting, stuck])
def test_p1_a_cancellation_at_any_step_leaves_nothing_behind(
    story: Callable[[AsyncioNetwork], Awaitable[None]],
) -> None:
    was_cancelled, step = True, 0
    while was_cancelled:
        step += 1
        networks: list[AsyncioNetwork] = []

        async def main(step: int = step, networks: list[AsyncioNetwork] = networks) -> bool:
            networks.append(AsyncioNetwork())
            loop = asyncio.get_running_loop()
            began = loop.time()

            async def work() -> None:
                await CancelAt(story(networks[0]), step)

            task = asyncio.create_task(work())
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
                return task.cancelling() > 0
            assert loop.time() - began < 10
            return True

        was_cancelled = virtually(main)
        assert all(venue.gone for venue in networks[0].all)
        assert step < 500
    assert step > 3
    gc.collect()


def test_a_cancellation_from_outside_stays_one_and_still_closes_in_good_order() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5), open_client(spot(), network=network):
                await asyncio.get_running_loop().create_future()
        assert network.last.closed_with == NORMAL

    virtually(story)


def test_a_timeout_of_nothing_opens_nothing() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0), open_client(spot(), network=network):
                pytest.fail("the block must not begin")
        assert all(venue.gone for venue in network.all)
        async with open_client(spot(), network=network) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0):
                    await client.ready(BTC)
            assert await client.request(coinex.Ping())

    virtually(story)


def test_a_program_that_cancels_every_task_there_is_closes_in_good_order() -> None:
    async def story() -> None:
        network = AsyncioNetwork()

        async def bot() -> None:
            async with open_client(spot(), network=network):
                await asyncio.get_running_loop().create_future()

        task = asyncio.create_task(bot())
        await settle()
        for each in asyncio.all_tasks() - {asyncio.current_task()}:
            each.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert network.last.closed_with == NORMAL

    virtually(story)


# In a group of tasks --------------------------------------------------------------------------------------------------


def test_an_error_of_a_callback_ends_the_task_group_around_its_block_as_itself() -> None:
    async def story() -> None:
        network = AsyncioNetwork()

        async def bot() -> None:
            async with open_client(spot(), network=network) as client:
                client.subscribe(BTC, callback=lambda _: 1 // 0)
                await settle()
                network.last.ticker()
                await asyncio.get_running_loop().create_future()

        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(bot())
                group.create_task(asyncio.sleep(1000))
        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
        assert network.last.closed_with is not None

    virtually(story)


def test_after_an_error_of_a_callback_the_task_of_the_block_is_not_cancelled_any_more() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        with pytest.raises(ZeroDivisionError):
            async with open_client(spot(), network=network) as client:
                client.subscribe(BTC, callback=lambda _: 1 // 0)
                await settle()
                network.last.ticker()
                await asyncio.get_running_loop().create_future()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    virtually(story)


def test_an_error_of_the_block_and_one_of_its_client_come_as_one_group() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            client.subscribe(BTC, callback=lambda _: 1 // 0)
            await settle()
            network.last.ticker()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                raise KeyError("cleaning up")

    with pytest.raises(ExceptionGroup) as caught:
        virtually(story)
    assert {type(error) for error in caught.value.exceptions} == {ZeroDivisionError, KeyError}


def test_callbacks_run_in_calls_of_the_loop_and_never_inside_a_call_of_the_user() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        is_in_call = False
        seen: list[Event] = []

        def note(event: Event) -> None:
            assert not is_in_call
            seen.append(event)

        async with open_client(spot(), network=network) as client:
            client.on(Event)(note)
            is_in_call = True
            client.subscribe(BTC)
            client.send(coinex.Ping())
            is_in_call = False
            await settle()
        assert seen

    virtually(story)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("story", [opening, trading, reconnecting, stuck])
def test_eager_tasks_change_nothing(story: Callable[[AsyncioNetwork], Awaitable[None]]) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined]
        network = AsyncioNetwork()
        await asyncio.create_task(_of(story(network)))
        assert all(venue.gone for venue in network.all)

    virtually(main)


async def _of(work: Awaitable[None]) -> None:
    await work


@pytest.mark.parametrize("story", [opening, trading, reconnecting, stuck])
def test_a_loop_in_debug_mode_has_nothing_to_say(
    story: Callable[[AsyncioNetwork], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        asyncio.get_running_loop().slow_callback_duration = 1e9  # how busy this machine is, is not the question
        await story(AsyncioNetwork())

    with caplog.at_level(logging.WARNING):
        virtually(main, debug=True)
    assert caplog.records == []


def test_a_generator_of_the_user_that_is_closed_within_the_block_leaves_no_socket_and_no_timer() -> None:
    async def main() -> None:
        network = AsyncioNetwork()
        clients: list[Client] = []

        async def quotes() -> AsyncIterator[int]:
            async with open_client(spot(), network=network) as client:
                clients.append(client)
                yield 1

        generator = quotes()
        assert await anext(generator) == 1
        (lane,) = clients[0]._io._lanes.values()
        await generator.aclose()  # type: ignore[attr-defined]
        await settle()
        assert network.last.gone
        assert lane._timer is None
        with pytest.raises(NotReady):
            await clients[0].request(coinex.Ping())

    virtually(main)


# Loops, threads, interrupts -------------------------------------------------------------------------------------------


def test_a_program_may_run_twice_and_a_client_of_the_first_run_is_refused_in_the_second() -> None:
    clients: list[Client] = []

    async def first() -> None:
        async with open_client(spot(), network=AsyncioNetwork()) as client:
            clients.append(client)
            assert await client.request(coinex.ServerTime()) == 1_700_000_000_123

    async def second() -> None:
        await first()
        with pytest.raises(UsageError, match="another event loop"):
            clients[0].topics()
        with pytest.raises(UsageError, match="another event loop"):
            await clients[0].ready()

    virtually(first)
    virtually(second)
    with pytest.raises(UsageError, match="run_coroutine_threadsafe"):
        clients[0].topics()
    clients[0].stop()  # its loop is closed: nothing to do, and no error


def test_p10_a_second_loop_in_another_thread_has_a_client_of_its_own() -> None:
    results: list[int] = []

    async def story() -> None:
        async with open_client(spot(), network=AsyncioNetwork()) as client:
            results.append(await client.request(coinex.ServerTime()))

    async def main() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            thread = threading.Thread(target=lambda: virtually(story))
            thread.start()
            thread.join()
            results.append(await client.request(coinex.ServerTime()))

    virtually(main)
    assert results == [1_700_000_000_123] * 2


def test_c2_an_interrupt_from_the_keyboard_leaves_no_task_and_no_transport() -> None:
    networks: list[AsyncioNetwork] = []

    async def story() -> None:
        networks.append(AsyncioNetwork())
        async with open_client(spot(), network=networks[0]) as client:
            client.subscribe(BTC)
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
            await asyncio.get_running_loop().create_future()

    with pytest.raises(KeyboardInterrupt):
        virtually(story)
    assert networks[0].last.closed_with == NORMAL
    assert networks[0].last.gone
    gc.collect()


def test_an_opening_is_for_one_block() -> None:
    async def story() -> None:
        opening = open_client(spot(), network=AsyncioNetwork())
        async with opening:
            with pytest.raises(UsageError, match="call of its own"):
                async with opening:
                    pytest.fail("the block must not begin")
        with pytest.raises(UsageError, match="call of its own"):
            await opening.__aenter__()

    virtually(story)


def test_a_stream_has_one_reader_and_says_so() -> None:
    async def story() -> None:
        async with open_client(spot(), network=AsyncioNetwork()) as client:
            stream = client.events(BTC)
            reader = asyncio.create_task(stream.__anext__())
            await settle()
            with pytest.raises(UsageError, match="another task iterates"):
                await anext(stream)
            stream.close()
            with pytest.raises(StopAsyncIteration):
                await reader

    virtually(story)


def test_what_is_no_network_is_refused_before_anything_is_opened() -> None:
    async def story() -> None:
        with pytest.raises(UsageError, match="open_transport"):
            async with open_client(spot(), network="http://proxy:3128"):  # type: ignore[arg-type]
                pytest.fail("the block must not begin")

    virtually(story)


def test_without_a_loop_an_open_client_says_what_is_missing() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        open_client(spot()).__aenter__().send(None)


# Orders ---------------------------------------------------------------------------------------------------------------


def test_wait_returns_when_the_order_is_final() -> None:
    async def story() -> None:
        async with open_client(spot(), network=AsyncioNetwork()) as client:
            orders = client._core.session.orders
            order = orders.apply(OrderFact(order_id=1, market="BTCUSDT", amount=Decimal(1), state="live"), 0.0)
            assert order is not None

            async def cancel() -> None:
                await asyncio.sleep(3)
                orders.apply(OrderFact(order_id=1, state="cancelled"), 3.0)
                client.send(coinex.Ping())

            async with asyncio.TaskGroup() as group:
                group.create_task(cancel())
                assert (await client.wait(order)).state == "cancelled"

    virtually(story)


def test_an_error_of_a_callback_while_it_pauses_between_attempts_ends_the_client_at_once() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        network = AsyncioNetwork()
        began = loop.time()
        with pytest.raises(ZeroDivisionError):
            async with open_client(spot(), network=network) as client:
                from coinex_proto import Retrying

                client.on(Retrying)(lambda _: 1 // 0)
                network.last.end()
                await asyncio.get_running_loop().create_future()
        assert loop.time() - began < 1

    virtually(story)


def test_open_coinex_needs_credentials_for_checking_orders() -> None:
    async def story() -> None:
        with pytest.raises(UsageError, match="Authentication required"):
            async with open_coinex(check_orders_every=1.0, network=AsyncioNetwork()):
                pytest.fail("the block must not begin")

    virtually(story)


# Other threads and loops ----------------------------------------------------------------------------------------------


def test_stop_in_another_thread_ends_the_client_without_waiting_for_anything_else() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(), network=network) as client:
            stopping = threading.Thread(target=client.stop)
            stopping.start()
            stopping.join()
            await settle()
            assert network.last.closed_with == NORMAL

    virtually(story)


def test_waiting_in_another_loop_is_refused() -> None:
    async def story() -> None:
        network = AsyncioNetwork()
        async with open_client(spot(KEYS), network=network) as client:
            errors: list[UsageError] = []

            async def wait() -> None:
                try:
                    async with asyncio.timeout(1.0):
                        await client._until(lambda: False, "wait()")
                except UsageError as error:
                    errors.append(error)

            other = threading.Thread(target=lambda: asyncio.run(wait()))
            other.start()
            other.join()
            assert len(errors) == 1
            assert "another event loop" in str(errors[0])

    virtually(story)
