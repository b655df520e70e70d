"""A local exchange as a context manager."""

import socket

import pytest

from coinex_proto import UsageError
from coinex_trio._local.loopback import HostFailed
from coinex_trio.exchange import local_exchange
from tests.processes import HANGS_AFTER
from tests.threads import new_threads


def test_it_runs_under_trio_too() -> None:
    import trio

    async def use() -> str:
        async with local_exchange() as running:
            return running.url

    assert trio.run(use).endswith("/v2/spot")


def test_after_the_block_nothing_is_left_running() -> None:
    with new_threads() as came:
        with local_exchange() as running:
            port = int(running.http_url.rpartition(":")[2])
        assert came() == set()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=HANGS_AFTER)
    with pytest.raises(HostFailed):
        running.drop()


def test_one_local_exchange_is_not_entered_twice_at_once() -> None:
    local = local_exchange()
    with local, pytest.raises(UsageError, match="another"):
        local.__enter__()
