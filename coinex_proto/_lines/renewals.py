"""A planned change of connection: a replacement opens, verifies what the old line has, and takes over; one line after the other.

When the replacement does not come, the old line goes on and it is tried again later; when the old line ends meanwhile, that is an
ordinary loss. Must not know any venue, nor what becomes of a line's events (`channel.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Protocol, final

from coinex_proto._lines.channel import Channel
from coinex_proto._lines.line import Line, Role
from coinex_proto.config import Config
from coinex_proto.events import Closed, LineChanged, RenewalFailed, Renewed
from coinex_proto.phases import Phase

RENEWAL_WITHIN: Final = 60.0
"""Seconds that a replacement has, from its sign-in, to verify what the old line has; then it is given up and tried again."""
CONFLICTS: Final = 2
"""So often running the old line must have ended at the sign-in of the new one."""


class Group(Protocol):
    """What renewals need of all lines together."""

    config: Config
    lines: list[Line]
    changed: Any

    def channel_of(self, line: Line) -> Channel:
        """The channel that it is in."""
        ...

    def signs_in(self, line: Line) -> bool:
        """Whether its connections do."""
        ...

    def is_main(self, line: Line) -> bool:
        """Whether it sends commands and has the private topics, when it is ready."""
        ...

    def replacement(self, old: Line) -> Line:
        """A new line that is to take over from this one."""
        ...

    def retire(self, line: Line, now: float) -> None:
        """It ends as soon as nothing is under way on it."""
        ...

    def set_main(self, line: Line, now: float) -> None:
        """From now on it sends the commands."""
        ...

    def collect(self, line: Line, now: float) -> None:
        """Its session may have events."""
        ...

    def tell(self, event: LineChanged | Renewed | RenewalFailed) -> None:
        """To the user."""
        ...


@final
class Renewals:
    """Which line is being replaced, which ones wait for their turn, and when the next are due."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self.standby: Line | None = None
        """The replacement that is under way."""
        self._why = ""
        self._until = math.inf
        self._failures = 0
        self._conflicts = 0
        """Renewals running in which the old line ended at the sign-in of the new one."""
        self._waiting: dict[Line, str] = {}
        """Lines that are to be renewed, one after the other, and why."""
        self._is_stopped = False

    def stop(self) -> None:
        """There will be no more."""
        self._is_stopped = True
        self._waiting.clear()

    def ask(self, lines: Sequence[Line], now: float, why: str) -> None:
        """Those of these that are ready are to be renewed."""
        for line in lines:
            if line.role is Role.ACTIVE and line.is_ready:
                self._waiting.setdefault(line, why)
        self.begin(now)

    def begin(self, now: float) -> None:
        """The next one, when none is under way and no line that was replaced is still there: so there is one more at most."""
        group = self._group
        if self.standby is not None or self._is_stopped or any(line.role is Role.RETIRING for line in group.lines):
            return
        while self._waiting:
            line = next(iter(self._waiting))
            why = self._waiting.pop(line)
            if line.role is not Role.ACTIVE or not line.is_ready:
                continue
            line.renews_at = math.inf
            if group.channel_of(line).has_one_sign_in and not line.is_second:
                line.session.reconnect(now)
                group.collect(line, now)
                group.changed()
                continue
            self._why = why
            self._until = now + group.config.open_timeout + group.config.login_timeout + RENEWAL_WITHIN
            self.standby = group.replacement(line)
            return

    def look(self, now: float) -> None:
        """Whether the replacement has verified what the old line has; it takes over then."""
        standby = self.standby
        if standby is None or not standby.is_ready or standby.replaces is None:
            return
        old, channel = standby.replaces, self._group.channel_of(standby)
        if old not in channel.lines or channel.is_verified_on(standby, old):
            self._replace(old, standby, now)

    def _replace(self, old: Line, standby: Line, now: float) -> None:
        group = self._group
        self.standby, self._failures, self._until = None, 0, math.inf
        standby.role, standby.replaces = Role.ACTIVE, None
        if old.role is not Role.RETIRING:
            if old.is_ready:
                self._conflicts = 0
                # The new line was told of what came after it had subscribed, the old one of all before.
                old.session.probe(now)
            group.retire(old, now)
        if group.is_main(standby):
            group.set_main(standby, now)
        self.schedule(standby, now)
        group.tell(Renewed(line=standby.number, replaced=old.number, why=self._why))
        self.begin(now)

    def give_up(self, standby: Line, now: float, why: str) -> None:
        """The replacement has not come."""
        group = self._group
        self.standby, self._until = None, math.inf
        old = standby.replaces
        if old is None or old.role is not Role.ACTIVE or old not in group.lines:
            # There is nothing to go back to: it goes on, as a line that was lost.
            standby.role, standby.replaces = Role.ACTIVE, None
            return
        self._failures += 1
        at = now + group.config.backoff.step(self._failures)
        old.renews_at = at
        if standby in group.channel_of(standby).lines:
            group.retire(standby, now)
        group.tell(RenewalFailed(line=old.number, why=why, at=at))
        group.changed()
        self.begin(now)

    def schedule(self, line: Line, now: float) -> None:
        """It has a new connection."""
        if (seconds := self._group.config.renew_every) is not None:
            line.renews_at = now + seconds

    def forget(self, line: Line) -> None:
        """It need not be renewed any more."""
        self._waiting.pop(line, None)

    def line_closed(self, line: Line, event: Closed, now: float) -> None:
        """A connection has ended, perhaps one of the two that a renewal is about."""
        standby = self.standby
        if standby is None:
            return
        if line is standby:
            self.give_up(standby, now, str(event.reason))
        elif line is standby.replaces:
            if standby.phase is not Phase.NEW:
                self._note_conflict(line)
            if not standby.is_ready:
                return  # an ordinary loss: both try, and the first that comes goes on
            self._group.retire(line, now)
            self.look(now)

    def _note_conflict(self, old: Line) -> None:
        """The old line has ended while the new one signed in. Twice running is no chance: the venue allows one sign-in."""
        if not self._group.signs_in(old):
            return
        self._conflicts += 1
        if self._conflicts >= CONFLICTS:
            self._group.channel_of(old).has_one_sign_in = True
            why = "the venue ends a connection when another one signs in: it is renewed by connecting again"
            self._group.tell(LineChanged(line=old.number, state="alone", why=why))

    def next_deadline(self) -> float:
        """When `handle_timeout` has something to do; infinity: at no time."""
        if self.standby is not None:
            return self._until
        if self._is_stopped:
            return math.inf
        return min((line.renews_at for line in self._group.lines if line.role is Role.ACTIVE), default=math.inf)

    def handle_timeout(self, now: float) -> None:
        """What is due is begun, what has taken too long is given up."""
        group = self._group
        for line in tuple(group.lines):
            if line.renews_at <= now and self.standby is None and line.role is Role.ACTIVE:
                line.renews_at = math.inf
                self._waiting.setdefault(line, self._why if self._failures else f"after {group.config.renew_every:g} s")
        standby = self.standby
        if standby is not None and now >= self._until:
            old = standby.replaces
            missing = [] if old is None else group.channel_of(standby).unverified_on(standby, old)
            named = ", ".join(map(str, missing[:3]))
            self.give_up(
                standby, now, f"not verified on the new connection: {named}" if missing else "not ready in time"
            )
        self.begin(now)
