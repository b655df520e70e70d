"""The bundled server: one at a time on its directory, and what it says where it cannot start."""

import os
from pathlib import Path

import pytest

from coinex_relay import EmbeddedServer, RelayFailed


def test_two_servers_on_one_directory_would_spoil_it_and_the_second_one_is_refused(
    own_server: EmbeddedServer,
) -> None:
    second = EmbeddedServer(own_server.directory)
    with pytest.raises(RelayFailed, match=r"another nats-server keeps its streams in .*nats: end it"), second:
        pass
    own_server.kill()
    with second:
        assert second.port != 0


def test_a_directory_that_cannot_be_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RelayFailed, match=r"no nats-server can be started in .*file/x: Not a directory"):
        EmbeddedServer(tmp_path / "file" / "x").start()


def test_a_server_that_does_not_start_leaves_no_directory_of_its_own() -> None:
    server = EmbeddedServer(settings={"port": "what"})
    with pytest.raises(RelayFailed, match="nats-server has ended"), server:
        pass
    assert not server.directory.exists()


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server_before_its_program_has_said_goodbye() -> None:
    with EmbeddedServer() as server:
        assert os.getpgid(server.pid) == server.pid != os.getpgid(0)
