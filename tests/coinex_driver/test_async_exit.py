"""Own orders are cancelled over the socket on the way out, on the client's connection or on one of its own, within a time."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

import pytest

from coinex_driver.exit_cancelling import TRY_AGAIN
from coinex_driver.exit_orders import NOT_REACHED
from coinex_proto import Config
from tests.coinex_driver.awaited import Case, now, run

SOCKETS = pytest.mark.parametrize("venue", ["qfex", "coinflex"])
"""CoinEx cancels over HTTP."""


def outcomes(client: Any) -> list[tuple[str, str]]:
    return [(found.outcome, found.why) for found in client.cancelled_on_exit]


@SOCKETS
def test_without_open_orders_no_time_passes(venue: str) -> None:
    case = Case(venue)

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=5.0, config=Config(close_timeout=1.0)) as client:
            await case.buy(client, price="101")  # filled at once
            case.exchange.stall(3600.0)
            began = now()
        return client, now() - began

    client, took = run(main)
    assert outcomes(client) == []
    assert took < 3.0, "the time of closing alone"


@SOCKETS
def test_they_are_cancelled_while_the_client_is_connected(venue: str) -> None:
    case = Case(venue)

    async def main() -> Any:
        async with case.open(cancel_orders_on_exit=5.0) as client:
            await case.buy(client)
            await case.buy(client)
        return client

    assert outcomes(run(main)) == [("cancelled", ""), ("cancelled", "")]
    assert case.exchange.orders() == ()


@SOCKETS
@pytest.mark.parametrize("way", ["stopped", "failed"])
def test_a_client_that_is_over_is_replaced_by_a_connection_for_this_alone(venue: str, way: str) -> None:
    case = Case(venue)
    left: list[Any] = []

    async def main() -> None:
        async with case.open(cancel_orders_on_exit=5.0) as client:
            left.append(client)
            await case.buy(client)
            if way == "stopped":
                client.stop()
            else:
                raise KeyError(way)

    with suppress(KeyError):
        run(main)
    assert outcomes(left[0]) == [("cancelled", "")]
    assert case.exchange.orders() == ()


@SOCKETS
def test_while_the_connection_is_away_it_is_tried_again_until_it_is_back(venue: str) -> None:
    case = Case(venue)

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=30.0) as client:
            await case.buy(client)
            case.exchange.drop()
            await asyncio.sleep(0.01)  # it is noticed
            began = now()
        return client, now() - began

    client, took = run(main)
    assert outcomes(client) == [("cancelled", "")]
    assert TRY_AGAIN < took < 30.0


@SOCKETS
@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_with_a_venue_that_went_silent_it_ends_in_time_and_says_that_it_is_not_known(
    venue: str, seconds: float
) -> None:
    case = Case(venue)

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=seconds, config=Config(close_timeout=1.0)) as client:
            await case.buy(client)
            case.exchange.stall(3600.0)
            case.exchange.inject("on connect every 1 hang")
            began = now()
        return client, now() - began

    client, took = run(main)
    ((outcome, why),) = outcomes(client)
    assert outcome == "unknown"
    assert why in ("no answer in time", NOT_REACHED)
    assert seconds <= took < seconds + 4.0


def test_without_time_what_was_sent_at_once_still_counts() -> None:
    case = Case("qfex")

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=-5.0) as client:
            await case.buy(client)
            began = now()
        return client, now() - began

    client, took = run(main)
    assert outcomes(client) == [("cancelled", "")]
    assert took < 1.0


def test_the_log_says_how_many_have_ended(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "coinex_trio")
    case = Case("qfex")

    async def main() -> None:
        async with case.open(cancel_orders_on_exit=5.0) as client:
            await case.buy(client)

    run(main)
    assert "qfex trade: 1 of 1 own orders have ended on the way out" in caplog.messages


def test_an_order_that_went_while_it_was_to_be_cancelled_has_gone_and_one_that_is_refused_says_why() -> None:
    case = Case("qfex")

    async def main() -> Any:
        async with case.open(cancel_orders_on_exit=5.0) as client:
            await case.buy(client)
            case.exchange.refuse("cancel_order", "InvalidParameter")
        return client

    ((outcome, why),) = outcomes(run(main))
    assert outcome == "unknown"
    assert why.startswith("CancelOrder refused (code InvalidParameter)")
