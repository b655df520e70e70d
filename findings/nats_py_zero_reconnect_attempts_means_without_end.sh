#!/usr/bin/env bash
# nats-py: max_reconnect_attempts=0 does not mean "not again" but "without end", also with allow_reconnect=False: connect() to a server
# that refuses goes on trying, each failure in error_cb, and does not return. With 1 it tries twice and raises NoServersError.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check nats-py==2.16.0
"$folder/venv/bin/pip" list --disable-pip-version-check 2>/dev/null | grep -i nats
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import socket

import nats

PAUSE, PATIENCE = 0.05, 3.0


async def outcome(most):
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        failures = []

        async def failed(error):
            failures.append(error)

        try:
            async with asyncio.timeout(PATIENCE):
                await nats.NATS().connect(
                    f"nats://127.0.0.1:{taken.getsockname()[1]}",
                    allow_reconnect=False,
                    max_reconnect_attempts=most,
                    reconnect_time_wait=PAUSE,
                    error_cb=failed,
                )
        except Exception as error:
            return type(error).__name__, len(failures)


async def main():
    for most in (0, 1, 3):
        how, count = await outcome(most)
        print(f"allow_reconnect=False, max_reconnect_attempts={most}: {how} after {count} refused attempts, patience {PATIENCE:g} s")
        assert (how == "TimeoutError" and count > 10) if most == 0 else (how == "NoServersError" and count == most + 1)


asyncio.run(main())
PYTHON
