"""How time passes under trio, and a shield that no cancellation passes."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from coinex_trio._io.trio_awaiting import TrioAwaiting


class Waiting(TrioAwaiting):
    """The words alone."""


async def late(seconds: float, result: Any = "done") -> Any:
    await trio.sleep(seconds)
    if isinstance(result, Exception):
        raise result
    return result


async def test_a_sleep_takes_its_time_and_news_come_once(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    await Waiting()._sleep(2.5)
    assert trio.current_time() - began == pytest.approx(2.5)
    news = Waiting()._make_news()
    async with trio.open_nursery() as nursery:

        async def tell() -> None:
            await trio.sleep(3.0)
            news.set()

        nursery.start_soon(tell)
        await news.wait()
        await news.wait()
    assert trio.current_time() - began == pytest.approx(5.5)


@pytest.mark.parametrize("seconds", [math.inf, 5.0])
async def test_what_comes_in_time_is_given(seconds: float, autojump_clock: MockClock) -> None:
    assert await Waiting()._in_time(seconds, lambda: late(4.0)) == "done"
    with pytest.raises(ValueError, match="mine"):
        await Waiting()._in_time(seconds, lambda: late(4.0, ValueError("mine")))


async def test_what_does_not_come_in_time_is_cut_off(autojump_clock: MockClock) -> None:
    began = trio.current_time()
    with pytest.raises(TimeoutError, match="not done within 2 s"):
        await Waiting()._in_time(2.0, lambda: late(4.0))
    assert trio.current_time() - began == pytest.approx(2.0)


async def test_a_cancellation_waits_for_the_end_of_shielded_work(autojump_clock: MockClock) -> None:
    done: list[Any] = []

    async def work() -> None:
        done.append(await late(10.0))

    began = trio.current_time()
    with trio.move_on_after(1.0) as scope:
        await Waiting()._shielded(work)
        await trio.sleep(1.0)
        done.append("behind it")
    assert (done, scope.cancelled_caught) == (["done"], True)
    assert trio.current_time() - began == pytest.approx(10.0)


async def test_what_nobody_cancels_gives_its_result(autojump_clock: MockClock) -> None:
    assert await Waiting()._shielded(lambda: late(1.0)) == "done"
