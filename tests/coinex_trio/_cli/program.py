"""The command line: within this process, for what it says and its exit status; as a program, for the rest."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout
from unittest.mock import patch

from coinex_trio import Exchange
from coinex_trio.cli import main
from tests.processes import warm_running
from tests.warm import WarmProgram


def environment(exchange: Exchange | None = None, **more: str) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith("COINEX_")}
    keys = (
        {} if exchange is None else {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": exchange.secret_key}
    )
    return {**found, **keys, **more}


class Reader(io.StringIO):
    """Takes what a command prints, and presses Ctrl-C once it has read enough."""

    def __init__(self, enough: Callable[[str], bool]) -> None:
        super().__init__()
        self.enough = enough

    def flush(self) -> None:
        super().flush()
        if self.enough(self.getvalue()):
            self.enough = lambda _: False
            raise KeyboardInterrupt


def coinex(
    *arguments: str, env: dict[str, str] | None = None, until: Callable[[str], bool] = lambda _: False
) -> subprocess.CompletedProcess[str]:
    """What `coinex` does, without the start of a process: most of the time of such a test would be that.

    With `until` it is interrupted as soon as its output will do, so that nobody has to guess how many seconds it takes.
    """
    out, err = Reader(until), io.StringIO()
    with (
        patch.object(sys, "argv", ["coinex", *arguments]),
        patch.dict(os.environ, environment() if env is None else env, clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            status = ended.code
    assert isinstance(status, int)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def coinex_process(*arguments: str, env: dict[str, str] | None = None) -> AbstractContextManager[WarmProgram]:
    """`coinex` as a program of its own, for signals, pipes, and what is left at its end."""
    return warm_running(["-m", "coinex_trio", *arguments], env=environment() if env is None else env)
