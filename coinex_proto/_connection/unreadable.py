"""Messages in a row that could not be read: what is garbled for so long may be mended by a new connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from coinex_proto.dialect import Inbound
from coinex_proto.events import Unrecognised


@final
class UnreadableInARow:
    """Counts by the number of the message, so that a readable one costs nothing."""

    __slots__ = ("_in_a_row", "_last", "_most")

    def __init__(self, most: int | None) -> None:
        """`most`: so many in a row are too many; None: no number is."""
        self._most = most
        self._in_a_row = 0
        self._last = 0

    def count(self, number: int) -> int | None:
        """Message `number` of the connection could not be read. Gives how many in a row once that is too many."""
        self._in_a_row = self._in_a_row + 1 if self._last == number - 1 else 1
        self._last = number
        return self._in_a_row if self._in_a_row == self._most else None


def is_unreadable(inbound: Sequence[Inbound]) -> bool:
    """Whether nothing of a message could be read, and it may have been a push, or names nothing: an unknown method was read."""
    return is_strange(inbound) and any(
        item.concerns is not None or _names_nothing(item.raw) for item in inbound if type(item) is Unrecognised
    )


def is_strange(inbound: Sequence[Inbound]) -> bool:
    """Whether nothing of a message was understood."""
    return all(type(item) is Unrecognised for item in inbound)


def _names_nothing(raw: bytes) -> bool:
    """Neither an object nor a list, or one without a single text: `5`, `"x"`, `{}`, `[1]`."""
    text = raw.strip()
    return text != b"" and (text[:1] not in (b"{", b"[") or b'"' not in text)
