"""What must be looked at again, at once or at a time: one list for a session and its connection.

Whoever finds out that something is to be done says so here, and whoever can do it takes it from here; no flag of one
object is read by another. This module knows nothing of what the items are about.
"""

from __future__ import annotations

from collections.abc import Hashable
from enum import Enum
from typing import Final, final


class Item(Enum):
    """What can be due."""

    ANSWER = "something other than an update has come: the session takes its turn before the next message"
    SEND_QUEUE = "a request has ended, and what waited behind it may leave"
    SUBSCRIPTION = "what is wanted of a topic and what the venue was asked for may differ (subject: the subscription)"
    STARTED = "a topic has gone live, and its request need not be answered any more"
    RETRY = "topics that were refused for now may be asked for again"
    VERIFY = "a topic must have been verified by now"
    PRIVATE_CHECK = "the sign-in is to be proved"
    ORDERS = "orders of unknown state are to be asked about"
    ORDERS_ASKED = "the venue has been asked about every order that a missed push put in doubt"
    OPEN_ORDERS = "the venue's list of open orders is to be compared with the orders that are known"


NO_SUBJECTS: Final[tuple[Hashable, ...]] = ()


@final
class Agenda:
    """Items due at once, each with its subjects, and items due at a time."""

    __slots__ = ("_times", "at_once", "next_at")

    def __init__(self) -> None:
        self.at_once: dict[Item, dict[Hashable, None]] = {}
        """To be read only; empty, nearly always, after a read."""
        self.next_at: float | None = None
        """The earliest time of an item that has one; to be read only."""
        self._times: dict[Item, float] = {}

    def add(self, item: Item, *subjects: Hashable) -> None:
        """Look at it at once; each subject stands once, in the order in which it came first."""
        self.at_once.setdefault(item, {}).update(dict.fromkeys(subjects))

    def take(self, item: Item) -> bool:
        """Whether it was due at once; it is no more."""
        return self.at_once.pop(item, None) is not None

    def take_subjects(self, item: Item) -> tuple[Hashable, ...]:
        """What it was due for; nothing more is."""
        return tuple(self.at_once.pop(item, NO_SUBJECTS))

    def add_at(self, item: Item, at: float) -> None:
        """Look at it then; the earliest of several times counts."""
        known = self._times.get(item)
        if known is None or at < known:
            self._times[item] = at
            if self.next_at is None or at < self.next_at:
                self.next_at = at

    def time_of(self, item: Item) -> float | None:
        """When it is due; None: at no time."""
        return self._times.get(item)

    def take_due(self, item: Item, now: float) -> bool:
        """Whether its time has come; it has none any more then."""
        at = self._times.get(item)
        if at is None or now < at:
            return False
        self.cancel(item)
        return True

    def cancel(self, item: Item) -> None:
        """It has no time any more."""
        if self._times.pop(item, None) is not None:
            self.next_at = min(self._times.values(), default=None)
