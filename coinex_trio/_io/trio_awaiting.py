"""How time passes under trio, for the coroutines that drivers share. Imports trio when it is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from coinex_driver.awaiting import Awaiting, News

T = TypeVar("T")


class TrioAwaiting(Awaiting):
    """Trio's sleep, time-outs, shields and events."""

    async def _sleep(self, seconds: float) -> None:
        import trio

        await trio.sleep(seconds)

    async def _in_time(self, seconds: float, work: Callable[[], Awaitable[T]]) -> T:
        import trio

        from coinex_trio._io.interrupts import interrupt_alone

        with interrupt_alone(), trio.move_on_after(seconds):
            return await work()
        raise TimeoutError(f"not done within {seconds:g} s")

    async def _shielded(self, work: Callable[[], Awaitable[T]]) -> T:
        import trio

        with trio.CancelScope(shield=True):
            return await work()
        raise AssertionError("nothing cancels this scope")

    def _make_news(self) -> News:
        import trio

        return trio.Event()
