"""How time passes under asyncio, and a shield to whose end a cancellation waits."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from coinex_asyncio._io.awaiting import AsyncioAwaiting, shielded
from tests.coinex_driver.awaited import now, run


class Waiting(AsyncioAwaiting):
    """The words alone."""


async def late(seconds: float, result: Any = "done", done: list[Any] | None = None) -> Any:
    await asyncio.sleep(seconds)
    if done is not None:
        done.append(result)
    if isinstance(result, Exception):
        raise result
    return result


def test_a_sleep_takes_its_time_and_news_come_once() -> None:
    async def main() -> None:
        began = now()
        await Waiting()._sleep(2.5)
        assert now() - began == 2.5
        news = Waiting()._make_news()
        asyncio.get_running_loop().call_later(3.0, news.set)
        await news.wait()
        await news.wait()
        assert now() - began == 5.5

    run(main)


@pytest.mark.parametrize("seconds", [math.inf, 5.0])
def test_what_comes_in_time_is_given(seconds: float) -> None:
    async def main() -> None:
        assert await Waiting()._in_time(seconds, lambda: late(4.0)) == "done"

    run(main)


def test_what_does_not_come_in_time_is_cut_off() -> None:
    async def main() -> None:
        began = now()
        with pytest.raises(TimeoutError):
            await Waiting()._in_time(2.0, lambda: late(4.0))
        assert now() - began == 2.0

    run(main)


@pytest.mark.parametrize("how_often", [1, 3])
def test_a_cancellation_waits_for_the_end_of_shielded_work_and_is_raised_then(how_often: int) -> None:
    async def main() -> None:
        done: list[Any] = []
        task = asyncio.ensure_future(Waiting()._shielded(lambda: late(10.0, "done", done)))
        for _ in range(how_often):
            await asyncio.sleep(1.0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == ["done"]

    run(main)


def test_the_error_of_shielded_work_comes_before_a_cancellation() -> None:
    async def main() -> None:
        task = asyncio.ensure_future(shielded(late(10.0, ValueError("mine"))))
        await asyncio.sleep(1.0)
        task.cancel()
        with pytest.raises(ValueError, match="mine"):
            await task

    run(main)


def test_what_nobody_cancels_gives_its_result() -> None:
    async def main() -> None:
        assert await shielded(late(1.0)) == "done"

    run(main)
