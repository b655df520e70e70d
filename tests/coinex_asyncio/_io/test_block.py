"""The block around a client is cut once, and only while somebody is inside."""

from __future__ import annotations

import asyncio

import pytest

from coinex_asyncio._io.block import Block
from tests.coinex_driver.awaited import run


def test_who_is_inside_is_cancelled_once_and_that_is_taken_back_when_it_has_left() -> None:
    async def main() -> None:
        block = Block()
        block.enter()
        asyncio.get_running_loop().call_soon(block.cut)
        asyncio.get_running_loop().call_soon(block.cut)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10.0)
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 1
        assert block.leave()
        assert task.cancelling() == 0
        await asyncio.sleep(1.0)

    run(main)


def test_a_block_that_was_not_cut_or_that_nobody_is_in_is_left_alone() -> None:
    async def main() -> None:
        block = Block()
        block.cut()
        assert not block.leave()
        block.enter()
        assert not block.leave()
        block.cut()
        await asyncio.sleep(1.0)
        assert not block.leave()

    run(main)


def test_a_cancellation_by_somebody_else_is_not_taken_back() -> None:
    async def main() -> None:
        block = Block()
        block.enter()
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(1.0)
        assert not block.leave()
        assert task.cancelling() == 1
        task.uncancel()

    run(main)
