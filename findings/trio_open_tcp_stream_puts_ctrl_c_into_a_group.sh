#!/usr/bin/env bash
# trio: Ctrl-C while `trio.open_tcp_stream` still connects comes out of `trio.run` as a BaseExceptionGroup around the
# KeyboardInterrupt, although the program opened no nursery: the function has one of its own, for its happy eyeballs. So the
# `except KeyboardInterrupt` of a script that works at every other place misses it just while a server does not answer.
# The socket's own `connect`, and `trio.sleep`, let the plain KeyboardInterrupt out.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check trio==0.35.0
"$folder/venv/bin/python" - <<'PYTHON'
import contextlib
import os
import signal
import socket
import threading

import trio

signal.signal(signal.SIGINT, signal.default_int_handler)
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
waiting = [socket.socket() for _ in range(3)]
for one in waiting:  # they fill the backlog: who connects after them waits
    one.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        one.connect(listener.getsockname())


async def through_open_tcp_stream() -> None:
    await trio.open_tcp_stream(*listener.getsockname())


async def through_connect() -> None:
    await trio.socket.socket().connect(listener.getsockname())


async def through_sleep() -> None:
    await trio.sleep(10)


def how_it_ends(main) -> BaseException:
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        trio.run(main)
    except BaseException as error:
        return error
    raise AssertionError("nothing interrupted it")


print("trio", trio.__version__)
ends = {main.__name__: how_it_ends(main) for main in (through_sleep, through_connect, through_open_tcp_stream)}
for name, error in ends.items():
    print(f"{name:<24}", repr(error))
assert type(ends["through_sleep"]) is type(ends["through_connect"]) is KeyboardInterrupt
group = ends["through_open_tcp_stream"]
assert type(group) is BaseExceptionGroup and [type(one) for one in group.exceptions] == [KeyboardInterrupt]
PYTHON
