"""What a program loads when it starts: no more than it uses. Counted in modules, and in instructions where valgrind is there."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from benchmarks.instructions import VALGRIND, WHY_NOT, instructions
from tests.processes import HANGS_AFTER

DEPENDENCIES = "import attrs, msgspec, wsproto, h11"
SPOT = "from coinex_proto import coinex; coinex.spot()"
SOCKET_CLIENT = "from coinex_trio import CoinexClient; CoinexClient().close()"


def loaded_by(program: str) -> set[str]:
    """The modules that are there after it."""
    done = subprocess.run(
        [sys.executable, "-c", f"import json, sys\n{program}\nprint(json.dumps(list(sys.modules)))"],
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
        check=True,
    )
    return set(json.loads(done.stdout))


def below(loaded: set[str], package: str) -> list[str]:
    return sorted(name for name in loaded if f"{name}.".startswith(f"{package}."))


@pytest.mark.parametrize("package", ["coinex_proto", "coinex_trio"])
def test_a_package_loads_nothing_before_a_name_of_it_is_used(package: str) -> None:
    loaded = loaded_by(f"import {package}")
    ours = [name for name in loaded if name.startswith("coinex_")]
    assert set(ours) <= {package, "coinex_proto", "coinex_proto.lazy"}
    assert not {"attrs", "msgspec", "wsproto", "h11"} & loaded


def test_the_core_loads_no_venue() -> None:
    loaded = loaded_by("from coinex_proto import Session, Connection")
    assert [below(loaded, f"coinex_proto.{venue}") for venue in ("coinex", "qfex", "coinflex")] == [[], [], []]


@pytest.mark.parametrize("program", [SPOT, SOCKET_CLIENT])
def test_a_socket_client_loads_no_simulator_no_http_and_no_other_venue(program: str) -> None:
    loaded = loaded_by(program)
    unwanted = (
        "asyncio",
        "coinex_proto._http",
        "coinex_proto.coinex.http",
        "coinex_proto.coinflex",
        "coinex_proto.qfex",
        "coinex_proto.simulator",
        "coinex_proto.testing",
        "coinex_trio._cli",
        "coinex_trio._http",
        "coinex_trio._local",
        "coinex_trio.http",
        "httpx2",
        "trio",
    )
    assert [name for package in unwanted for name in below(loaded, package)] == []


@pytest.fixture
def counted(tmp_path: Path) -> "Counter":
    if VALGRIND is None:
        pytest.skip(WHY_NOT)
    return Counter(tmp_path)


class Counter:
    """Instructions over those of bare Python, with byte code compiled before, as an installer does."""

    def __init__(self, folder: Path) -> None:
        self._environment = {"PYTHONPYCACHEPREFIX": str(folder), "PYTHONDONTWRITEBYTECODE": ""}
        self._bare = self._count("pass")

    def _count(self, program: str) -> int:
        subprocess.run([sys.executable, "-c", program], env={**os.environ, **self._environment}, check=True)
        return instructions("-c", program, environment=self._environment)

    def __call__(self, program: str) -> int:
        return self._count(program) - self._bare


@pytest.mark.early
@pytest.mark.skipif(
    version("attrs") < "24", reason="attrs 23 takes a quarter more to make our classes; the budget is for a newer one"
)
def test_the_core_costs_at_most_1_7_times_what_its_dependencies_cost(counted: Counter) -> None:
    dependencies = counted(DEPENDENCIES)
    assert counted("import coinex_proto") <= 1.7 * dependencies
    assert counted("from coinex_proto import Session") <= 1.8 * dependencies
