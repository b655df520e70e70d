"""What notices that a blocking client was dropped while it was open."""

from __future__ import annotations

import warnings
from typing import Any, cast, final

from coinex_trio._io.background import Worker
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.blocking_lines import BlockingLines


class _Disarmed:
    """Of a client that was closed."""


@final
class Unclosed(_Disarmed):
    """Belongs to one client, and ends its connection when it goes with it, with a `ResourceWarning`.

    Not the client itself, which has no `__del__`: Python drops a Ctrl-C that reaches it there, and each client would go through one.
    """

    def __init__(self, name: str, io: BlockingIO | BlockingLines, worker: Worker | None) -> None:
        self._name = name
        self._io = io
        self._worker = worker

    def disarm(self) -> None:
        """The client is closed. Without `__del__`, nothing of Python's runs when it goes."""
        cast(Any, self).__class__ = _Disarmed

    def __del__(self) -> None:
        if self._worker is not None and self._worker.is_running():
            self._worker.end()
        elif self._io.transport is not None:
            self._io.let_go()
        else:
            return
        text = f"unclosed {self._name}: use it in `with`, or call close()"
        warnings.warn(text, ResourceWarning, stacklevel=2)
