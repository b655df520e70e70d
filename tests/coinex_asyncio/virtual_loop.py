"""An event loop whose time is a number: nothing sleeps, and an hour takes no time."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Never waits; time is set ahead instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        if timeout:
            self._loop.passed += timeout
        elif timeout is None:
            raise RuntimeError("nothing will ever happen on this loop")
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """`asyncio.Runner(loop_factory=VirtualLoop)`: for clients of an exchange in memory."""

    def __init__(self) -> None:
        self.passed = 1000.0
        super().__init__(_Selector(self))

    def time(self) -> float:
        """Seconds, as set."""
        return self.passed
