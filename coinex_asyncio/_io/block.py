"""The block of code around which a client is open."""

from __future__ import annotations

import asyncio
from typing import final


@final
class Block:
    """Cancels the task that is inside, once, and takes that back when it has left: then its own error comes out."""

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._is_cut = False

    def enter(self) -> None:
        """The current task is inside from now on."""
        self._task = asyncio.current_task()

    def cut(self) -> None:
        """The client has ended by an error. Does nothing when nobody is inside."""
        if self._task is not None and not self._is_cut:
            self._is_cut = True
            self._task.cancel()

    def leave(self) -> bool:
        """Nobody is inside any more. True: it was cut."""
        task, self._task = self._task, None
        if self._is_cut and task is not None:
            task.uncancel()
        return self._is_cut
