"""How time passes for what is awaited, whatever the loop: the few words that shared coroutines need of a driver.

A coroutine that awaits nothing but these, and others of its kind, runs under trio and asyncio alike. Must not know either.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class News(Protocol):
    """Something has happened, once: `trio.Event` and `asyncio.Event` are such."""

    def set(self) -> object:
        """It has happened; who waits goes on."""
        ...

    async def wait(self) -> object:
        """Returns when it has happened."""
        ...


class Awaiting(ABC):
    """What a driver says about waiting."""

    @abstractmethod
    async def _sleep(self, seconds: float) -> None:
        """Time passes; 0 lets others run, and may be cancelled."""

    @abstractmethod
    async def _in_time(self, seconds: float, work: Callable[[], Awaitable[T]]) -> T:
        """What comes of this; it is cut off, and `TimeoutError` raised, after so many seconds (`math.inf`: never)."""

    @abstractmethod
    async def _shielded(self, work: Callable[[], Awaitable[T]]) -> T:
        """What comes of this, whatever else is cancelled meanwhile; the work bounds its own time."""

    @abstractmethod
    def _make_news(self) -> News:
        """One that has not happened."""
