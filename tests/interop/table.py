"""Other people's clients as they come from PyPI and npm against `coinex sim`: `python -m tests.interop.table`.

Each client lives in an environment of its own below .venv/interop, because they pin what they need (ccxt pins uvloop and
orjson, so that the extras `bench` and `interop` cannot be installed together).  Its program makes the calls and prints a line
for each; the table counts them.  It ends with status 1 when a call fails that is not known to be the client's own fault.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

from tests.interop.exported import exported

HERE: Final = Path(__file__).parent / "programs"
ENVIRONMENTS: Final = Path(__file__).parents[2] / ".venv" / "interop"
INSTALLING: Final = 900.0
RUNNING: Final = 300.0


@frozen(kw_only=True)
class Client:
    """One package, and the program that uses it."""

    name: str
    package: str
    program: str
    venue: str = "coinex"

    @property
    def is_javascript(self) -> bool:
        return self.program.endswith(".mjs")


RECORDING: Final = "recording"
"""In place of a venue: what reads our exports, and connects to nothing."""

CLIENTS: Final = (
    Client(name="ccxt (Python)", package="ccxt==4.5.85", program="ccxt_python.py"),
    Client(name="ccxt (JavaScript)", package="ccxt@4.5.14", program="ccxt_javascript.mjs"),
    Client(name="coinexlib", package="coinexlib==1.1.0", program="coinexlib_calls.py"),
    Client(name="coinex-mcp-server", package="coinex-mcp-server==0.1.0a8", program="mcp_calls.py"),
    Client(name="qfex", package="qfex==0.1.0", program="qfex_calls.py", venue="qfex"),
    Client(name="hftbacktest", package="hftbacktest==2.4.4", program="hftbacktest_reads.py", venue=RECORDING),
    Client(name="nautilus_trader", package="nautilus_trader==1.221.0", program="nautilus_reads.py", venue=RECORDING),
)

OWN_FAULTS: Final[dict[tuple[str, str], str]] = {}
"""Client and call, and why it is the package's own fault that it fails."""


@frozen(kw_only=True)
class Tried:
    """One call."""

    area: str
    call: str
    error: str


class Missing(Exception):
    """The client cannot be had on this machine."""


def installed(client: Client) -> list[str]:
    """The command that runs the client's program.  Raises Missing."""
    where = ENVIRONMENTS / client.program.partition(".")[0]
    if client.is_javascript:
        npm, node = shutil.which("npm"), shutil.which("node")
        if npm is None or node is None:
            raise Missing("node or npm is not on this machine")
        if not (where / "node_modules").is_dir():
            where.mkdir(parents=True, exist_ok=True)
            _install([npm, "install", "--no-audit", "--no-fund", "--prefix", str(where), client.package])
        return [node, str(HERE / client.program)]
    python = where / "bin" / "python"
    if not (where / ".installed").exists():
        _install([sys.executable, "-m", "venv", "--clear", str(where)])
        _install([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", client.package])
        (where / ".installed").touch()
    return [str(python), str(HERE / client.program)]


def _install(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALLING, check=False)
    if done.returncode:
        raise Missing((done.stderr or done.stdout).strip().splitlines()[-1])


@contextmanager
def running(venue: str) -> Iterator[str]:
    """A local exchange; what its first line says. Or an exported recording; where its files are, and what must be in them."""
    if venue == RECORDING:
        with TemporaryDirectory() as directory:
            yield exported(Path(directory))
        return
    command = [sys.executable, "-m", "coinex_trio", "sim", "--venue", venue, "--json", "--seed", "7"]
    if venue == "coinex":
        command += ["--markets", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()


def tried_by(client: Client) -> list[Tried]:
    """What the client has tried.  Raises Missing."""
    command = installed(client)
    with running(client.venue) as told:
        settings = {**os.environ, "SIM": told, "MODULES": str(ENVIRONMENTS / client.program.partition(".")[0])}
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUNNING, check=False, env=settings)
    found = [Tried(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        found.append(Tried(area="program", call=client.program, error=done.stderr.strip()[-300:] or "it failed"))
    return found


def row(client: Client, tried: list[Tried]) -> str:
    """Works/tried of each area."""
    areas: dict[str, list[bool]] = {}
    for one in tried:
        areas.setdefault(one.area, []).append(not one.error)
    counts = "  ".join(f"{area} {sum(worked)}/{len(worked)}" for area, worked in areas.items())
    return f"{client.name:<18} {sum(not one.error for one in tried)}/{len(tried)}  {counts}"


def main() -> int:
    """Prints the table."""
    unknown = 0
    for client in CLIENTS:
        try:
            tried = tried_by(client)
        except Missing as missing:
            print(f"{client.name:<18} left out: {missing}", flush=True)
            continue
        print(row(client, tried), flush=True)
        for one in tried:
            if one.error:
                reason = OWN_FAULTS.get((client.name, one.call))
                unknown += reason is None
                print(f"    {one.call}: {one.error if reason is None else f'fault of the package: {reason}'}")
    return int(unknown > 0)


if __name__ == "__main__":
    sys.exit(main())
