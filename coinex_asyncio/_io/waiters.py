"""Tasks that wait until something of the session is true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import final


@final
class Waiters:
    """Each is woken when its own condition is true or raises: not at every event, since each switch of tasks costs more."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.are_there: bool = False
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    async def wait(self, is_done: Callable[[], bool]) -> None:
        """Returns when `look` finds this true or raising, or the client over: ask once more, to get what it raises."""
        waiter = is_done, self._loop.create_future()
        self._waiting.append(waiter)
        self.are_there = True
        try:
            await waiter[1]
        finally:
            self._waiting.remove(waiter)
            self.are_there = bool(self._waiting)

    def look(self, *, is_over: bool) -> None:
        """To be called after every step of the session."""
        for is_done, future in self._waiting:
            if future.done():
                continue
            try:
                may_go_on = is_over or is_done()
            except Exception:  # noqa: BLE001  (who waits asks once more, and gets it)
                may_go_on = True
            if may_go_on:
                future.set_result(None)
