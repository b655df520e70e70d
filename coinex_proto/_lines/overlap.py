"""Updates that have neither an id nor a time, while two lines bring the same: each is handed out when it first comes.

A venue sends the same updates to both of them, so that the k-th update of one content on the one line is the k-th on the
other. Knows no venue.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any, Final, cast, final

from attrs import evolve

from coinex_proto.updates import Update

MAX_CONTENTS: Final = 10_000
"""Different contents that are remembered: an overlap is over after seconds, and private updates are few."""


@final
class Overlap:
    """What came on which line since both are there."""

    def __init__(self) -> None:
        self._came: dict[Hashable, Counter[str]] = {}
        self._handed_out: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Nothing more can be told apart."""
        return len(self._handed_out) >= MAX_CONTENTS

    def is_first(self, line: Hashable, update: Update) -> bool:
        """Whether this has not come on another line before; it is noted."""
        content = f"{type(update).__name__} {content_of(update)!r}"
        came = self._came.setdefault(line, Counter())
        came[content] += 1
        if came[content] <= self._handed_out[content]:
            return False
        self._handed_out[content] = came[content]
        return True


def content_of(update: Update) -> Update:
    """The update as any line would bring it: without its number along its connection."""
    return cast("Update", evolve(cast("Any", update), sequence=0)) if update.has_sequence else update
