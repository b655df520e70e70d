"""The guard under every driver: own orders lost for too long, the block left, a callback that raised.

Each scenario is one coroutine, which a driver's `Bot` carries out; the blocking one never waits in it. In memory, on virtual time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import trio
from attrs import define, field
from trio.testing import MockClock

import coinex_asyncio
from coinex_driver.order_guard import OrderGuard, OrdersGuarded
from coinex_proto import Config, NotReady, coinex, to_json
from coinex_proto.coinex.http import spot
from coinex_recorder import RecordingFiles, replay
from coinex_trio import CoinexClient, Exchange, local_exchange, memory_exchange, open_coinex
from tests.coinex_asyncio.virtual_loop import VirtualLoop
from tests.coinex_trio.http_peer import http_peer, nothing, raw
from tests.processes import HANGS_AFTER

MARKET = "BTCUSDT"
NO_RECONNECT = "on connect every 1 http 503"

Outcomes = list[tuple[str, list[str]]]


@define
class Bot:
    """A client in its block, whatever its driver; the waiting is done in `run`."""

    exchange: Exchange
    options: dict[str, Any]
    reports: list[OrdersGuarded] = field(factory=list)
    cx: Any = None

    async def place(self, price: str = "99") -> Any:
        raise NotImplementedError

    async def run(self, seconds: float) -> None:
        raise NotImplementedError

    @property
    def outcomes(self) -> Outcomes:
        return [(report.cause, [order.outcome for order in report.orders]) for report in self.reports]

    def begin(self, cx: Any) -> None:
        self.cx = cx
        cx.on(OrdersGuarded)(self.reports.append)


class BlockingBot(Bot):
    async def __aenter__(self) -> Self:
        cx = CoinexClient("spot", self.exchange.credentials, network=self.exchange.network, **self.options)
        self.begin(cx)
        cx.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cx.__exit__(kind, error, trace)

    async def place(self, price: str = "99") -> Any:
        return self.cx.place_order(MARKET, "buy", "limit", "0.1", price)

    async def run(self, seconds: float) -> None:
        self.cx.run(seconds=seconds)


class AwaitedBot(Bot):
    opened: Callable[..., AbstractAsyncContextManager[Any]]
    sleep: Callable[[float], Awaitable[Any]]

    async def __aenter__(self) -> Self:
        self.manager = type(self).opened(
            "spot", self.exchange.credentials, network=self.exchange.network, **self.options
        )
        self.begin(await self.manager.__aenter__())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self.manager.__aexit__(kind, error, trace)

    async def place(self, price: str = "99") -> Any:
        return await self.cx.place_order(MARKET, "buy", "limit", "0.1", price)

    async def run(self, seconds: float) -> None:
        await type(self).sleep(seconds)


class TrioBot(AwaitedBot):
    opened = staticmethod(open_coinex)
    sleep = staticmethod(trio.sleep)


class AsyncioBot(AwaitedBot):
    opened = staticmethod(coinex_asyncio.open_coinex)
    sleep = staticmethod(asyncio.sleep)


Scenario = Callable[[Callable[..., Any], Exchange], Awaitable[Any]]


def play(driver: str, scenario: Scenario) -> None:
    """Carries out a scenario under this driver."""
    exchange = memory_exchange(seed=1, markets=(MARKET, "ETHUSDT"))
    exchange.quote(MARKET, "100", "101", "5")
    kind = {"blocking": BlockingBot, "trio": TrioBot, "asyncio": AsyncioBot}[driver]

    def bot(guard: OrderGuard | None = None, **options: Any) -> Any:
        return kind(exchange, {"guard": guard or OrderGuard(), **options})

    async def main() -> None:
        await scenario(bot, exchange)

    if driver == "trio":
        trio.run(main, clock=MockClock(autojump_threshold=0))
    elif driver == "asyncio":
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(main())
    else:
        try:
            main().send(None)
        except StopIteration:
            return
        raise AssertionError("the blocking driver has awaited something")


@pytest.fixture(params=["blocking", "trio", "asyncio"])
def playing(request: pytest.FixtureRequest) -> Callable[[Scenario], None]:
    return lambda scenario: play(request.param, scenario)


def test_own_orders_lost_for_too_long_are_cancelled_and_reported(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(OrderGuard(lost_for=5.0)) as bot:
            await bot.place()
            await bot.place("98")
            exchange.inject(NO_RECONNECT)
            exchange.drop()
            await bot.run(4.5)
            assert len(exchange.orders()) == 2
            assert bot.reports == []
            await bot.run(2.0)
            assert exchange.orders() == ()
            assert bot.outcomes == [("lost", ["cancelled", "cancelled"])]
            assert bot.cx.guarded is bot.reports[0]
            await bot.run(60.0)
            assert len(bot.reports) == 1

    playing(scenario)


def test_a_loss_that_ends_in_time_cancels_nothing(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(OrderGuard(lost_for=5.0)) as bot:
            await bot.place()
            exchange.drop()
            await bot.run(60.0)
            assert len(exchange.orders()) == 1
            assert bot.reports == []

    playing(scenario)


def test_what_could_not_be_cancelled_is_tried_again_while_the_orders_are_lost(
    playing: Callable[[Scenario], None],
) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(OrderGuard(lost_for=2.0, within=1.0)) as bot:
            await bot.place()
            for path in ("cancel-order", "pending-order"):
                exchange.inject(f"on /spot/{path} every 1 ignore")
            exchange.inject(NO_RECONNECT)
            exchange.drop()
            await bot.run(9.0)
            assert [cause for cause, _ in bot.outcomes][:2] == ["lost", "lost"]
            assert {outcome for _, orders in bot.outcomes for outcome in orders} == {"unknown"}
            assert not bot.reports[0].is_listed
            assert bot.reports[0].why
            assert len(bot.reports) <= 4

    playing(scenario)


def test_orders_of_other_programs_stand_unless_they_are_asked_for(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        other = exchange.place(MARKET, "buy", "97", "0.1")
        async with new(OrderGuard()) as bot:
            await bot.place()
            await bot.run(1.0)
        assert [order.order_id for order in exchange.orders()] == [other.order_id]
        assert [order.outcome for order in bot.cx.cancelled_on_exit] == ["cancelled"]
        async with new(OrderGuard(others=True)) as bot:
            pass
        assert exchange.orders() == ()
        assert [order.order.order_id for order in bot.cx.cancelled_on_exit] == [other.order_id]

    playing(scenario)


def test_only_the_named_markets_are_touched(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(OrderGuard(others=True, markets=("ETHUSDT",))) as bot:
            await bot.place()
        assert len(exchange.orders()) == 1
        assert bot.cx.cancelled_on_exit == ()

    playing(scenario)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_they_are_cancelled_when_the_block_is_left_by_an_exception(
    playing: Callable[[Scenario], None], error: type[BaseException]
) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        bot = new(OrderGuard(lost_for=None))
        with pytest.raises(error):
            async with bot:
                await bot.place()
                raise error
        assert exchange.orders() == ()
        assert [order.outcome for order in bot.cx.cancelled_on_exit] == ["cancelled"]

    playing(scenario)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("on_exit", [True, False])
def test_they_are_cancelled_when_a_callback_raises(
    playing: Callable[[Scenario], None], error: type[BaseException], on_exit: bool
) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        bot = new(OrderGuard(on_exit=on_exit))

        def fail(_: object) -> None:
            raise error("of a callback")

        with pytest.raises(error):
            async with bot:
                await bot.place()
                bot.cx.subscribe(coinex.Ticker(MARKET), callback=fail)
                await bot.run(60.0)
        assert exchange.orders() == ()
        assert bot.cx.guarded.is_clear

    playing(scenario)


def test_a_callback_that_raises_is_an_alarm_also_where_a_handler_takes_the_error(
    playing: Callable[[Scenario], None],
) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        taken: list[Exception] = []
        failing = [ValueError("once")]

        def fail(_: object) -> None:
            if failing:
                raise failing.pop()

        async with new(OrderGuard(on_exit=False)) as bot:
            bot.cx.on_error(lambda _, error: taken.append(error))
            await bot.place()
            bot.cx.subscribe(coinex.Ticker(MARKET), callback=fail)
            await bot.run(10.0)
            assert len(taken) == 1
            assert exchange.orders() == ()
            assert bot.outcomes == [("error", ["cancelled"])]

    playing(scenario)


def test_a_guard_that_is_not_asked_to_lets_them_stand(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        bot = new(OrderGuard(on_exit=False, on_error=False))
        with pytest.raises(ValueError, match="of the block"):
            async with bot:
                await bot.place()
                raise ValueError("of the block")
        assert len(exchange.orders()) == 1
        assert bot.cx.guarded is None

    playing(scenario)


def test_after_a_stop_they_are_cancelled_on_the_way_out(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new() as bot:
            await bot.place()
            bot.cx.stop()
            await bot.run(5.0)
        assert exchange.orders() == ()
        assert [order.outcome for order in bot.cx.cancelled_on_exit] == ["cancelled"]

    playing(scenario)


def test_an_order_whose_placing_was_not_answered_is_found_and_cancelled(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(config=Config(request_timeout=1.0)) as bot:
            await bot.place()
            exchange.inject("on /spot/order lose-answer")
            exchange.inject("on order.update every 1 lose")
            view = await bot.place("98")
            assert view.state == "unknown"
            assert len(exchange.orders()) == 2
        assert exchange.orders() == ()
        assert [order.outcome for order in bot.cx.cancelled_on_exit] == ["cancelled", "cancelled"]

    playing(scenario)


def test_a_block_that_is_left_in_the_middle_of_a_round_is_guarded_once_more(
    playing: Callable[[Scenario], None],
) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(OrderGuard(lost_for=0.0, within=6.0), config=Config(close_timeout=1.0)) as bot:
            await bot.place()
            exchange.inject("on /spot/cancel-order ignore")
            exchange.inject(NO_RECONNECT)
            exchange.drop()
            await bot.run(1.0)
        assert exchange.orders() == ()
        assert bot.cx.guarded.cause == "exit"
        assert bot.cx.guarded.is_clear

    playing(scenario)


def test_a_client_that_never_came_to_be_ready_cancels_nothing(playing: Callable[[Scenario], None]) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        exchange.place(MARKET, "buy", "97", "0.1")
        exchange.inject("on connect http 404")
        bot = new(OrderGuard(others=True))
        with pytest.raises(Exception, match="404"):
            async with bot:
                raise AssertionError("it has opened")
        assert len(exchange.orders()) == 1

    playing(scenario)


def test_orders_are_refused_while_they_are_lost_so_that_none_follows_the_guard(
    playing: Callable[[Scenario], None],
) -> None:
    async def scenario(new: Any, exchange: Exchange) -> None:
        async with new(OrderGuard(lost_for=0.0)) as bot:
            await bot.place()
            exchange.inject(NO_RECONNECT)
            exchange.drop()
            await bot.run(3.0)
            with pytest.raises(NotReady):
                await bot.place()
            assert exchange.orders() == ()

    playing(scenario)


def test_a_recording_holds_the_report_and_stop_orders_go_only_when_asked_for(tmp_path: Path) -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote(MARKET, "100", "101", "5")
    stop = spot.PutStopOrder(market=MARKET, side="buy", type="limit", amount="0.1", price="98", trigger_price="99")
    for stops in (False, True):
        files = RecordingFiles(tmp_path / str(stops))
        guard = OrderGuard(others=True, stops=stops)
        config = Config(recorder=files)
        with CoinexClient("spot", exchange.credentials, network=exchange.network, guard=guard, config=config) as cx:
            cx.place_order(MARKET, "buy", "limit", "0.1", "99")
            if not stops:
                cx.http.request(stop)
        files.close()
        assert [(found.is_stop, found.outcome) for found in cx.cancelled_on_exit] == [
            (False, "cancelled"),
            *([(True, "cancelled")] if stops else []),
        ]
        played = replay(tmp_path / str(stops))
        assert cx.guarded is not None
        assert [to_json(event) for event in played if isinstance(event, OrdersGuarded)] == [to_json(cx.guarded)]
        assert played.differences == []


def test_a_guarded_client_belongs_to_the_thread_that_uses_it_first() -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote(MARKET, "100", "101", "5")
    cx = CoinexClient("spot", exchange.credentials, network=exchange.network, guard=OrderGuard())
    failed: list[BaseException] = []

    def use() -> None:
        try:
            with cx:
                cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        except BaseException as error:  # noqa: BLE001  (raised by the test)
            failed.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(HANGS_AFTER)
    assert failed == []
    assert exchange.orders() == ()


def test_a_dropped_client_goes_at_once_and_says_that_it_was_not_closed() -> None:
    exchange = memory_exchange(seed=1)
    cx = CoinexClient("spot", exchange.credentials, network=exchange.network, guard=OrderGuard())
    cx.ready()
    with pytest.warns(ResourceWarning, match="unclosed CoinexClient"):
        del cx


def test_the_futures_half_is_guarded_alike() -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote(MARKET, "100", "101", "5", module="futures")
    with CoinexClient("futures", exchange.credentials, network=exchange.network, guard=OrderGuard()) as cx:
        for price in ("98", "99"):
            cx.place_order(MARKET, "buy", "limit", "0.1", price)
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled", "cancelled"]
    assert exchange.orders() == ()


# Blocking, in the middle of a step and in real time -------------------------------------------------------------------


def test_a_client_that_was_cut_in_the_middle_of_a_step_is_guarded_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote(MARKET, "100", "101", "5")
    other = exchange.place(MARKET, "buy", "97", "0.1")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    cx = CoinexClient("spot", exchange.credentials, network=exchange.network, guard=OrderGuard())
    with pytest.raises(KeyboardInterrupt), cx:
        cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        with monkeypatch.context() as patch:
            patch.setattr(cx._core.session, "receive_data", interrupted)
            exchange.drop()
            cx.run(seconds=3600)
    assert cx._io.is_interrupted
    assert [order.order_id for order in exchange.orders()] == [other.order_id]
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled"]


@pytest.mark.parametrize("interrupts", [1, 2])
def test_ctrl_c_during_the_cancelling_waits_for_its_end_and_a_second_one_does_not(
    interrupts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote(MARKET, "100", "101", "5")
    cx = CoinexClient("spot", exchange.credentials, network=exchange.network, guard=OrderGuard())
    left = [KeyboardInterrupt()] * interrupts
    real = cx._do

    def do(action: Any) -> object:
        if left:
            raise left.pop()
        return real(action)

    with pytest.raises(KeyboardInterrupt), cx:
        cx.place_order(MARKET, "buy", "limit", "0.1", "99")
        monkeypatch.setattr(cx, "_do", do)
    assert len(exchange.orders()) == (0 if interrupts == 1 else 1)
    (found,) = cx.cancelled_on_exit
    assert found.outcome == ("cancelled" if interrupts == 1 else "unknown")
    assert cx._is_closed


@pytest.mark.parametrize(
    "script", [nothing, raw(b"busy", status="429 Too Many Requests"), raw(b"", status="502 Bad Gateway")]
)
def test_http_that_is_down_or_says_no_ends_in_time(script: Any) -> None:
    with (
        local_exchange(seed=1, rate=0.001) as exchange,
        http_peer(script) as peer,
        CoinexClient(
            "spot",
            exchange.credentials,
            url=exchange.url,
            http_url=peer.url,
            config=Config(close_timeout=0.2),
            guard=OrderGuard(within=0.4, others=True),
        ) as cx,
    ):
        cx.ready(coinex.Orders())
        cx.close()
    assert cx.guarded is not None
    assert not cx.guarded.is_listed
    assert cx.guarded.why


@contextmanager
def in_background(**options: Any) -> Iterator[tuple[Exchange, CoinexClient]]:
    with local_exchange(seed=1, rate=0.001) as exchange:
        exchange.quote(MARKET, "100", "101", "5")
        cx = CoinexClient(
            "spot",
            exchange.credentials,
            url=exchange.url,
            background=True,
            config=Config(close_timeout=0.2),
            **options,
        )
        with cx:
            cx.place_order(MARKET, "buy", "limit", "0.1", "99")
            yield exchange, cx


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + HANGS_AFTER
    while not condition():
        assert time.monotonic() < until
        threading.Event().wait(0.01)


def test_in_the_background_it_acts_while_the_program_does_something_else() -> None:
    with in_background(guard=OrderGuard(lost_for=0.1, within=60.0)) as (exchange, cx):
        exchange.inject(NO_RECONNECT)
        exchange.drop()
        wait_for(lambda: cx.guarded is not None)
        assert exchange.orders() == ()
        assert cx.guarded is not None
        assert cx.guarded.cause == "lost"
        reports: list[OrdersGuarded] = []
        cx.on(OrdersGuarded)(reports.append)


def test_in_the_background_a_callback_that_raises_is_an_alarm() -> None:
    with in_background(guard=OrderGuard(within=60.0, on_exit=False)) as (exchange, cx):

        def fail(_: object) -> None:
            raise ValueError("of a callback")

        cx.subscribe(coinex.Ticker(MARKET), callback=fail)
        with pytest.raises(ValueError, match="of a callback"):
            cx.run(seconds=HANGS_AFTER)
        wait_for(lambda: cx.guarded is not None)
        assert exchange.orders() == ()


def test_in_the_background_they_are_cancelled_on_the_way_out() -> None:
    with in_background(guard=OrderGuard(within=60.0)) as (_, cx):
        pass
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled"]
