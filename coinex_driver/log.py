"""The log of the drivers: logger `coinex_trio`, names and ids, never payloads or keys.

A handler of the user's that raises must not cost a connection: as in `logging` itself, its error is printed and the
program goes on (unless `logging.raiseExceptions` is off, then in silence).
"""

from __future__ import annotations

import logging
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


LOG: Final = Log("coinex_trio")
