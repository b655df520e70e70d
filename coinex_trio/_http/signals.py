"""Python's signal handlers, held back while a foreign library works: they run where it waits.

A handler may raise, as that of Ctrl-C does. Between two lines of an HTTP library the exception can leave a lock taken,
which then blocks `close()` for ever, or a socket that nobody owns. Must not know HTTP.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, final

HELD_BACK: Final = (signal.SIGINT, signal.SIGTERM)
"""Those whose handlers raise in many programs (`KeyboardInterrupt`, `SystemExit`)."""

_Handler = Callable[[int, FrameType | None], Any]


@final
class HeldSignals:
    """`with HeldSignals() as held:` nothing is interrupted but `with held.let_in():`; at the end what came is made up for.

    Handlers run in the main thread alone: in any other this does nothing. A handler that is no Python function stays.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, _Handler] = {}
        self._came: list[int] = []
        self._is_waiting = False

    def __enter__(self) -> HeldSignals:
        if threading.current_thread() is threading.main_thread():
            for number in HELD_BACK:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._take:  # else somebody has set another meanwhile
                signal.signal(number, handler)
        self._make_up()

    def let_in(self) -> _Window:
        """In this block handlers run at once, and what they raise comes out of it."""
        return _Window(self)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._is_waiting:
            self._handlers[number](number, frame)
        else:
            self._came.append(number)

    def _make_up(self) -> None:
        while self._came:
            number = self._came.pop(0)
            self._handlers[number](number, None)


@final
class _Window:
    def __init__(self, held: HeldSignals) -> None:
        self._held = held

    def __enter__(self) -> None:
        self._held._is_waiting = True
        try:
            self._held._make_up()
        except BaseException:
            self._held._is_waiting = False
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held._is_waiting = False
