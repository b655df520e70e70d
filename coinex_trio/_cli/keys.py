"""The keys of a terminal, one by one and without echo, and the terminal as it was before when that ends.

The terminal is in cbreak mode: Ctrl-C still is a signal. Whatever ends the program, but a kill that cannot be caught, gives it back.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

NAMED: Final = {
    b"\x1b[A": "up",
    b"\x1b[B": "down",
    b"\x1b[C": "right",
    b"\x1b[D": "left",
    b"\x1bOA": "up",
    b"\x1bOB": "down",
    b"\x1bOC": "right",
    b"\x1bOD": "left",
    b"\x1b[Z": "back-tab",
    b"\t": "tab",
}
END: Final = "q"
"""What a terminal that has gone away is read as."""
READ_SIZE: Final = 1024
TERMINATED: Final = 143
"""128 + SIGTERM."""
_KEY: Final = re.compile(rb"\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[^\x1b]|\x1b", re.DOTALL)


def keys_in(data: bytes) -> list[str]:
    """The keys that these bytes of a terminal are; those without a name or a character of ASCII are left out."""
    found = []
    for match in _KEY.finditer(data):
        key = match[0]
        if name := NAMED.get(key):
            found.append(name)
        elif len(key) == 1 and 0x20 <= key[0] < 0x7F:
            found.append(key.decode())
    return found


def can_be_pressed() -> bool:
    """Whether standard input is a terminal that this program may read: it must not run in the background."""
    try:
        number = sys.stdin.fileno()
        return os.isatty(number) and os.tcgetpgrp(number) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # closed, or none at all
        return False


class Keyboard:
    """Standard input, key by key."""

    def __init__(self) -> None:
        self._number = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._number)

    def take(self) -> None:
        """Keys come at once and are not shown from now on."""
        tty.setcbreak(self._number, termios.TCSANOW)

    def give_back(self) -> None:
        """The terminal as it was; harmless when it is so already, or gone."""
        try:
            termios.tcsetattr(self._number, termios.TCSANOW, self._before)
        except termios.error:
            pass  # it has been closed: there is nothing to give back

    def pressed(self) -> list[str]:
        """What has been pressed since the last time; never waits."""
        try:
            if not select.select([self._number], [], [], 0)[0]:
                return []
            data = os.read(self._number, READ_SIZE)
        except OSError:
            return [END]
        return keys_in(data) if data else [END]


@contextmanager
def keyboard(draw_on: Callable[[], object], draw_off: Callable[[], object]) -> Iterator[Callable[[], list[str]]]:
    """Keys inside the block; `draw_on` and `draw_off` begin and end the drawing, also around a stop by Ctrl-Z.

    A stop waits for the next look at the keys: amid a drawing, what ends it would stay in the drawing's buffer. SIGTERM ends the block by `SystemExit(143)`, so that the terminal is given back then too.
    """
    keys = Keyboard()
    is_stop_due = False

    def begin() -> None:
        keys.take()
        draw_on()

    def end() -> None:
        try:
            draw_off()
        finally:
            keys.give_back()

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stop_due
        is_stop_due = True

    def pressed() -> list[str]:
        nonlocal is_stop_due
        if is_stop_due:
            is_stop_due = False
            end()
            os.kill(os.getpid(), signal.SIGSTOP)  # here it stands until `fg`
            begin()
        return keys.pressed()

    with _handling(signal.SIGTERM, lambda *_: sys.exit(TERMINATED)), _handling(signal.SIGTSTP, stop):
        try:
            begin()
            yield pressed
        finally:
            end()


@contextmanager
def _handling(number: signal.Signals, handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)
