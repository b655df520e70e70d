"""`cancel_orders_on_exit`: however a client is left, its open orders are cancelled within a time, and it says how that ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import Closed, Config, UsageError
from coinex_trio import CoinexClient, CoinflexClient, QfexClient, local_exchange, memory_exchange, open_coinex

AnyExchange = Any
AnyClient = Any


def coinex_case() -> tuple[AnyExchange, Callable[..., AnyClient], Callable[[AnyClient], object]]:
    exchange = memory_exchange(seed=1)
    exchange.quote("BTCUSDT", "100", "101", "5")

    def made(**options: Any) -> CoinexClient:
        return CoinexClient("spot", exchange.credentials, network=exchange.network, **options)

    return exchange, made, lambda cx: cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")


def qfex_case() -> tuple[AnyExchange, Callable[..., AnyClient], Callable[[AnyClient], object]]:
    exchange = memory_exchange("qfex", seed=1)
    exchange.quote("AAPL-USD", bid="100", ask="101", size="5")

    def made(**options: Any) -> QfexClient:
        return QfexClient(exchange.credentials, network=exchange.network, **options)

    return exchange, made, lambda cx: cx.place_order("AAPL-USD", "BUY", "LIMIT", quantity="1", price="99.50")


def coinflex_case() -> tuple[AnyExchange, Callable[..., AnyClient], Callable[[AnyClient], object]]:
    exchange = memory_exchange("coinflex", seed=1)
    exchange.quote("XBT/USDT", bid="9600", ask="9610", size="2")

    def made(**options: Any) -> CoinflexClient:
        return CoinflexClient(exchange.credentials, url=exchange.url, network=exchange.network, **options)

    return exchange, made, lambda cx: cx.place_order("XBT/USDT", "buy", "0.5", "9500")


def real_client(
    exchange: AnyExchange, venue: str, seconds: float, *, background: bool
) -> tuple[AnyClient, Callable[[], object]]:
    """A client on loopback, and what places an order that stands."""
    options: dict[str, Any] = {
        "background": background,
        "config": Config(close_timeout=0.2),
        "cancel_orders_on_exit": seconds,
    }
    if venue == "coinex":
        exchange.quote("BTCUSDT", "100", "101", "5")
        coinex = CoinexClient("spot", exchange.credentials, url=exchange.url, **options)
        return coinex, lambda: coinex.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
    if venue == "qfex":
        exchange.quote("AAPL-USD", bid="100", ask="101", size="5")
        urls = {"mds_url": exchange.mds_url, "trade_url": exchange.trade_url}
        qfex = QfexClient(exchange.credentials, **urls, **options)
        return qfex, lambda: qfex.place_order("AAPL-USD", "BUY", "LIMIT", quantity="1", price="99.50")
    exchange.quote("XBT/USDT", bid="9600", ask="9610", size="2")
    coinflex = CoinflexClient(exchange.credentials, url=exchange.url, **options)
    return coinflex, lambda: coinflex.place_order("XBT/USDT", "buy", "0.5", "9500")


CASES = pytest.mark.parametrize("case", [coinex_case, qfex_case, coinflex_case])


def _socket(cx: AnyClient) -> Any:
    return cx._trade if isinstance(cx, QfexClient) else cx


@CASES
def test_they_are_cancelled_when_the_block_ends(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    with made(cancel_orders_on_exit=5.0) as cx:
        place(cx)
        place(cx)
        assert len(exchange.orders()) == 2
    assert exchange.orders() == ()
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled", "cancelled"]


@CASES
def test_without_the_option_they_stand(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    with made() as cx:
        place(cx)
    assert len(exchange.orders()) == 1
    assert cx.cancelled_on_exit == ()


@CASES
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_they_are_cancelled_when_the_block_is_left_by_an_exception(
    case: Callable[[], Any], error: type[BaseException]
) -> None:
    exchange, made, place = case()
    cx = made(cancel_orders_on_exit=5.0)
    with pytest.raises(error), cx:
        place(cx)
        raise error
    assert exchange.orders() == ()
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled"]


@CASES
def test_they_are_cancelled_after_a_stop(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    with made(cancel_orders_on_exit=5.0) as cx:
        place(cx)
        cx.stop()
        cx.run()
    assert exchange.orders() == ()
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled"]


@CASES
def test_they_are_cancelled_after_an_interrupt_in_the_middle_of_a_step(
    case: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange, made, place = case()
    cx = made(cancel_orders_on_exit=5.0)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), cx:
        place(cx)
        with monkeypatch.context() as patch:
            patch.setattr(_socket(cx)._core.session, "receive_data", interrupted)
            exchange.drop() if case is coinex_case else None
            cx.run(seconds=3600)
    assert _socket(cx)._io.is_interrupted
    assert exchange.orders() == ()
    assert [found.outcome for found in cx.cancelled_on_exit] == ["cancelled"]


def lose_the_first(exchange: AnyExchange) -> None:
    """The connection is gone, which nobody has noticed; over HTTP the cancellation gets no answer."""
    if hasattr(exchange, "http_url"):
        exchange.inject("on /spot/cancel-order ignore")
    exchange.drop()


def is_silent(exchange: AnyExchange) -> None:
    """Every connection there is; new ones are answered."""
    exchange.stall(3600.0)


@CASES
@pytest.mark.parametrize("trouble", [lose_the_first, is_silent])
def test_a_cancellation_of_which_nobody_knows_what_became_is_sent_again(
    case: Callable[[], Any], trouble: Callable[[AnyExchange], None]
) -> None:
    exchange, made, place = case()
    with made(cancel_orders_on_exit=9.0) as cx:
        place(cx)
        trouble(exchange)
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]


@pytest.mark.parametrize("case", [qfex_case, coinflex_case])
def test_a_callback_that_raises_on_the_way_out_leaves_no_order_behind_and_comes_out(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    cx = made(cancel_orders_on_exit=9.0)

    def fail(_: Closed) -> None:
        raise ValueError("of the callback")

    with pytest.raises(ValueError, match="of the callback"), cx:
        place(cx)
        cx.on(Closed)(fail)
        exchange.drop()
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]


@pytest.mark.parametrize("case", [qfex_case, coinflex_case])
def test_an_answer_that_is_slow_counts_although_another_connection_has_been_tried(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    with made(cancel_orders_on_exit=6.0) as cx:
        place(cx)
        exchange.inject("at 0s delay 3\non connect every 1 hang")
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]


@CASES
def test_it_is_tried_until_the_venue_can_be_reached(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    with made(cancel_orders_on_exit=9.0) as cx:
        place(cx)
        cx.stop()
        exchange.drop()
        exchange.inject("on connect http 503\non connect 2 http 503\non /spot/cancel-order ignore")
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]


@CASES
def test_an_order_that_could_not_be_cancelled_in_time_says_so(case: Callable[[], Any]) -> None:
    exchange, made, place = case()
    with made(cancel_orders_on_exit=0.0) as cx:
        place(cx)
        order_id = exchange.orders()[0].order_id
        exchange.stall(3600.0)
    (found,) = cx.cancelled_on_exit
    assert found.outcome == "unknown"
    assert found.why
    assert found.order.order_id == order_id


@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("venue", ["coinex", "qfex", "coinflex"])
@pytest.mark.parametrize("is_dead", [False, True])
def test_in_real_time_it_is_bounded_with_a_peer_that_went_silent(venue: Any, background: bool, is_dead: bool) -> None:
    with local_exchange(venue, seed=1, rate=0.001) as exchange:
        cx, place = real_client(exchange, venue, 0.5 if is_dead else 60.0, background=background)
        with cx:
            place()
            assert len(exchange.orders()) == 1
            if is_dead:
                exchange.stall(3600.0)
            began = time.monotonic()
        took = time.monotonic() - began
    (found,) = cx.cancelled_on_exit
    if is_dead:
        assert found.outcome == "unknown"
        assert found.why
        assert took < 60.0, "not the time-outs of requests and connections"
    else:
        assert found.outcome == "cancelled"


@CASES
def test_what_is_no_time_is_refused(case: Callable[[], Any]) -> None:
    _, made, _ = case()
    with pytest.raises(UsageError, match="a time in seconds"):
        made(cancel_orders_on_exit="5")


@pytest.mark.parametrize("way", ["end", "error", "cancelled"])
async def test_they_are_cancelled_under_trio_however_the_block_is_left(way: str, autojump_clock: MockClock) -> None:
    exchange = memory_exchange(seed=1)
    exchange.quote("BTCUSDT", "100", "101", "5")
    left: list[Any] = []
    with trio.CancelScope() as scope:
        try:
            async with open_coinex(
                "spot", exchange.credentials, network=exchange.network, cancel_orders_on_exit=5.0
            ) as cx:
                left.append(cx)
                await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
                if way == "cancelled":
                    scope.cancel()
                    await trio.sleep_forever()
                if way == "error":
                    raise KeyError(way)
        except KeyError:
            assert way == "error"
    assert exchange.orders() == ()
    assert [found.outcome for found in left[0].cancelled_on_exit] == ["cancelled"]


async def test_a_cancellation_of_which_nobody_knows_what_became_is_sent_again_under_trio(
    autojump_clock: MockClock,
) -> None:
    exchange, _, _ = coinex_case()
    async with open_coinex("spot", exchange.credentials, network=exchange.network, cancel_orders_on_exit=9.0) as cx:
        await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "99")
        lose_the_first(exchange)
    assert exchange.orders() == ()
    assert [(found.outcome, found.why) for found in cx.cancelled_on_exit] == [("cancelled", "")]
