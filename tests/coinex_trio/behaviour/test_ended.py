"""What both clients take, raise and still tell once they have ended."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from coinex_proto import (
    Closed,
    ConnectFailed,
    Event,
    OrderFact,
    OrderView,
    Ready,
    RequestId,
    UsageError,
    coinex,
)
from coinex_trio import BlockingClient, open_client
from tests.coinex_trio.venue import START, TrioNetwork, VirtualNetwork

BTC = coinex.Ticker("BTCUSDT")
ETH = coinex.Ticker("ETHUSDT")

STATES_A_WISH: tuple[Any, ...] = (
    lambda c: c.subscribe(BTC),
    lambda c: c.subscribe(BTC, callback=print),
    lambda c: c.on(Ready)(print),
    lambda c: c.on_error(print),
    lambda c: c.events(BTC),
    lambda c: c.events(),
    lambda c: c.latest(BTC),
    lambda c: c.book(coinex.Depth("BTCUSDT")),
)
WAITS_TO_BE_READY: tuple[Any, ...] = (lambda c: c.ready(), lambda c: c.ready(BTC))
WAITS: tuple[Any, ...] = (*WAITS_TO_BE_READY, lambda c: c.request(coinex.Ping()))
SENDS: tuple[Any, ...] = (lambda c: c.send(coinex.Ping()),)
OF_THE_BLOCKING: tuple[Any, ...] = (lambda c: c.__enter__(), lambda c: c.wait(sent(c)))


def client_of(network: VirtualNetwork) -> BlockingClient:
    return BlockingClient(coinex.spot(), network=network)


def sent(client: BlockingClient) -> OrderView:
    """An order that never ends."""
    return client._core.session.orders.sending(OrderFact(client_order_id="c1", state="sending"), RequestId(9), START)


# Blocking -------------------------------------------------------------------------------------------------------------


def test_a_closed_client_says_so_instead_of_doing_nothing() -> None:
    with client_of(VirtualNetwork()) as client:
        client.run(seconds=1)
    with pytest.raises(UsageError, match="has been closed"):
        client.run(seconds=1)
    with pytest.raises(UsageError, match="has been closed"), client:
        pytest.fail("the block must not begin")


@pytest.mark.parametrize("use", (*STATES_A_WISH, *SENDS, *WAITS, *OF_THE_BLOCKING))
@pytest.mark.parametrize("was_opened", [True, False])
def test_a_closed_client_takes_no_subscription_any_more(use: Any, was_opened: bool) -> None:
    client = client_of(VirtualNetwork())
    if was_opened:
        client.ready()
    client.close()
    topics = client.topics()
    with pytest.raises(UsageError, match=r"closed.*make a new one"):
        use(client)
    assert client.topics() == topics


@pytest.mark.parametrize("use", (*STATES_A_WISH, *SENDS, *WAITS, *OF_THE_BLOCKING))
def test_a_client_that_was_stopped_takes_no_subscription_once_it_has_ended(use: Any) -> None:
    network = VirtualNetwork()
    client = client_of(network)
    network.at(1, client.stop)
    client.run()
    client.run()  # it has nothing to do, and says nothing new
    with pytest.raises(UsageError, match=r"stopped.*make a new one"):
        use(client)
    client.close()


@pytest.mark.parametrize("use", (*STATES_A_WISH, OF_THE_BLOCKING[0], *WAITS_TO_BE_READY))
def test_a_client_that_an_error_has_ended_raises_it_again(use: Any) -> None:
    network = VirtualNetwork()
    network.failures = [ConnectionRefusedError(111, "Connection refused")]
    client = client_of(network)
    with pytest.raises(ConnectFailed):
        client.run()
    with pytest.raises(ConnectFailed):
        use(client)
    assert client.topics() == ()


def test_what_a_closed_client_knows_can_still_be_read() -> None:
    network = VirtualNetwork()
    with client_of(network) as client:
        client.subscribe(BTC)
        network.at(1, lambda: network.last.ticker())
        client.run(seconds=2)
        order = sent(client)
        assert client.trusted(BTC)
    assert not client.trusted(BTC)
    assert not client.trusted()
    assert [status.topic for status in client.topics()] == [BTC]
    assert client.orders() == (order,)
    assert client.stats.messages > 0
    client.unsubscribe(BTC)  # what it asks for is so already
    assert client.topics() == ()
    client.stop()
    client.close()


def test_callbacks_of_the_closing_may_say_what_they_like() -> None:
    seen: list[Event] = []
    with client_of(VirtualNetwork()) as client:

        def react(event: Event) -> None:
            client.subscribe(BTC)
            client.on(Ready)(print)
            seen.append(event)

        client.on(Closed)(react)
    assert len(seen) == 1


# Under trio -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", (*STATES_A_WISH, *SENDS, *WAITS))
async def test_a_client_takes_no_subscription_after_its_block(use: Any, autojump_clock: MockClock) -> None:
    async with open_client(coinex.spot(), network=TrioNetwork()) as client:
        pass
    with pytest.raises(UsageError, match=r"closed.*make a new one"):
        result = use(client)
        if inspect.isawaitable(result):
            await result
    assert client.topics() == ()


async def test_what_a_client_knows_can_be_read_after_its_block_and_is_not_trusted(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        client.subscribe(BTC)
        book = client.book(coinex.Depth("BTCUSDT"))
        await wait_all_tasks_blocked()
        network.last.ticker()
        await wait_all_tasks_blocked()
        assert client.trusted(BTC)
    assert not client.trusted(BTC)
    assert not book.trusted
    assert [status.topic for status in client.topics()] == [BTC, coinex.Depth("BTCUSDT")]
    assert client.orders() == ()
    assert client.stats.messages > 0
    client.unsubscribe(BTC)  # what it asks for is so already
    client.stop()


async def test_an_error_that_ended_the_client_comes_again_after_its_block(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    with pytest.raises(ZeroDivisionError):
        async with open_client(coinex.spot(), network=network) as client:
            client.subscribe(BTC, callback=lambda _: 1 // 0)
            await wait_all_tasks_blocked()
            network.last.ticker()
            await trio.sleep_forever()
    with pytest.raises(ZeroDivisionError):
        client.subscribe(ETH)
    with pytest.raises(ZeroDivisionError):
        await client.ready(ETH)
