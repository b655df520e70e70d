"""Who waits for something of the session goes on when it is true, when asking raises, or when the client is over."""

from __future__ import annotations

import asyncio

from coinex_asyncio._io.waiters import Waiters
from tests.coinex_driver.awaited import run


def test_each_goes_on_when_its_own_condition_is_true() -> None:
    async def main() -> None:
        waiters, true = Waiters(asyncio.get_running_loop()), set[str]()
        assert not bool(waiters.are_there)
        tasks = {name: asyncio.ensure_future(waiters.wait(lambda name=name: name in true)) for name in "ab"}  # type: ignore[misc]
        await asyncio.sleep(0)
        assert bool(waiters.are_there)
        waiters.look(is_over=False)
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks.values())
        true.add("a")
        waiters.look(is_over=False)
        waiters.look(is_over=False)
        await asyncio.sleep(0)
        assert (tasks["a"].done(), tasks["b"].done(), waiters.are_there) == (True, False, True)
        true.add("b")
        waiters.look(is_over=False)
        await tasks["b"]
        assert not waiters.are_there

    run(main)


def test_one_whose_condition_raises_asks_for_itself_and_all_go_on_at_the_end() -> None:
    async def main() -> None:
        waiters = Waiters(asyncio.get_running_loop())

        def raising() -> bool:
            raise ValueError

        first = asyncio.ensure_future(waiters.wait(raising))
        second = asyncio.ensure_future(waiters.wait(lambda: False))
        await asyncio.sleep(0)
        waiters.look(is_over=False)
        await first
        assert not second.done()
        waiters.look(is_over=True)
        await second

    run(main)


def test_one_that_is_cancelled_is_gone() -> None:
    async def main() -> None:
        waiters = Waiters(asyncio.get_running_loop())
        task = asyncio.ensure_future(waiters.wait(lambda: True))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait((task,))
        assert (task.cancelled(), waiters.are_there) == (True, False)
        waiters.look(is_over=True)

    run(main)
