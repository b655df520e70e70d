"""The command line as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from coinex_trio import Exchange

COMMAND = (sys.executable, "-m", "coinex_trio")


def environment(exchange: Exchange | None = None, **more: str) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith("COINEX_")}
    keys = (
        {} if exchange is None else {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": exchange.secret_key}
    )
    return {**found, **keys, **more}


def coinex(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=env if env is not None else environment(),
    )
