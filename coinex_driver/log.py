"""The log of the drivers: logger `coinex_trio`, names and ids, never payloads or keys.

A handler of the user's that raises must not cost a connection: as in `logging` itself, its error is printed and the
program goes on (unless `logging.raiseExceptions` is off, then in silence).
"""

from __future__ import annotations

import logging
import re
import traceback
from typing import Final, final


@final
class Log:
    """A logger whose handlers cannot hurt."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, text: str, *arguments: object) -> None:
        """What a developer wants to follow."""
        self._write(logging.DEBUG, text, arguments)

    def info(self, text: str, *arguments: object) -> None:
        """What becomes of the connection."""
        self._write(logging.INFO, text, arguments)

    def warning(self, text: str, *arguments: object) -> None:
        """What somebody should look at."""
        self._write(logging.WARNING, text, arguments)

    def _write(self, level: int, text: str, arguments: tuple[object, ...]) -> None:
        try:
            self._logger.log(level, text, *arguments, stacklevel=3)
        except Exception:  # noqa: BLE001  (a handler or filter of the user; reported as logging reports them)
            if logging.raiseExceptions:
                traceback.print_exc()


@final
class Troubles:
    """Kinds of trouble: each is told once, and then as a count at growing distances, the 10th, the 100th and so on."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def told(self, text: str) -> str | None:
        """What to write of this one; None: nothing. Texts that differ in numbers only are of one kind."""
        kind = _NUMBERS.sub("#", text)
        if kind not in self._counts and len(self._counts) >= MOST_KINDS:
            kind = "further kinds of trouble"
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count == 1:
            return text
        return f"{text} ({count} times so far)" if _IS_ROUND.fullmatch(str(count)) else None


_NUMBERS: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_IS_ROUND: Final = re.compile("10+")
MOST_KINDS: Final = 200
"""A peer can make up any number of them."""

LOG: Final = Log("coinex_trio")
