"""Timers that were served late are put off once, so that the driver reads before anything is judged.

A slow callback, a laptop's sleep or a busy script makes every deadline pass at once while the answers wait unread in the
socket: judging then would close a healthy connection.
"""

from __future__ import annotations

LATE = 0.25
"""Seconds: a timer served later than this was served late."""
PUT_OFF = 0.5
"""Seconds for which it is put off."""


def earliest(*times: float | None) -> float | None:
    """The earliest of some deadlines, of which any may be None: never. Asked for after every read, so a plain loop."""
    found: float | None = None
    for time in times:
        if time is not None and (found is None or time < found):
            found = time
    return found


class LateTimers:
    """The put-off state of one owner of timers."""

    def __init__(self) -> None:
        self.until: float | None = None
        """Until when nothing is judged; None, nearly always: no timer is put off."""

    def shifted(self, due: float | None) -> float | None:
        """When the timer that is due then shall really be served."""
        return due if due is None or self.until is None or due > self.until else self.until

    def puts_off(self, due: float, now: float) -> bool:
        """Called when `now` has reached the shifted `due`: True, nothing may be judged yet."""
        was_put_off = self.until is not None and due <= self.until
        self.until = None
        if was_put_off or now - due <= LATE:
            return False
        self.until = now + PUT_OFF
        return True
