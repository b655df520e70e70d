"""Whether a thread is inside a call that waits: a second one, from a callback, would never return."""

from __future__ import annotations

from threading import local
from typing import Final


class _Thread(local):
    is_waiting = False
    """In this thread, a call of some client waits or runs callbacks."""


CURRENT_THREAD: Final = _Thread()
