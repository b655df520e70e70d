"""What is built for users: one wheel with both packages and their types, and few dependencies."""

import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.processes import HANGS_AFTER

ROOT = Path(__file__).parent.parent
EXTENSION = 50_000
"""Bytes that the compiled extension may take, which compilers make of different sizes."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_of(requirement: str) -> str:
    return requirement.replace(">", "=").partition("=")[0].lower()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=HANGS_AFTER,
    )
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_the_packages_and_their_types_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {name.partition("/")[0] for name in names} == {
        "coinex_asyncio",
        "coinex_driver",
        "coinex_proto",
        "coinex_recorder",
        "coinex_relay",
        "coinex_trio",
        f"coinex_sdk-{PROJECT['version']}.dist-info",
    }
    assert {
        "coinex_asyncio/py.typed",
        "coinex_driver/py.typed",
        "coinex_proto/py.typed",
        "coinex_trio/py.typed",
    } <= set(names)
    wheel.close()


def test_the_default_install_needs_only_what_the_core_and_the_drivers_import() -> None:
    assert {name_of(each) for each in PROJECT["dependencies"]} == {"attrs", "h11", "msgspec", "trio", "wsproto"}


def installed_with(name: str) -> set[str]:
    """What an installer brings along on this machine, by what the packages here say they need."""
    needed = {
        requirement.name.lower()
        for requirement in map(Requirement, metadata.requires(name) or ())
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    return needed.union(*map(installed_with, needed))


def test_the_default_install_brings_nine_packages() -> None:
    """trio and wsproto need four that we do not name. A tenth is a decision, not an accident."""
    brought = installed_with("coinex-sdk")
    assert brought == {name_of(each) for each in PROJECT["dependencies"]} | {
        "idna",
        "outcome",
        "sniffio",
        "sortedcontainers",
    }


def test_the_wheel_is_no_larger_than_a_megabyte(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename is not None
    assert Path(wheel.filename).stat().st_size <= (1 << 20) + EXTENSION


def test_the_development_tools_stand_at_exact_versions() -> None:
    assert [each for each in PROJECT["optional-dependencies"]["dev"] if "==" not in each] == []


def test_the_development_tools_cover_what_users_install() -> None:
    wanted = {
        name_of(each)
        for extra in ("cli", "http", "coinflex", "speed")
        for each in PROJECT["optional-dependencies"][extra]
    }
    wanted |= {name_of(each) for each in PROJECT["dependencies"]}
    assert wanted - {name_of(each) for each in PROJECT["optional-dependencies"]["dev"]} == set()


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_the_extra_the_command_says_what_to_install(missing: str) -> None:
    program = f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['coinex', 'demo']; from coinex_trio.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER)
    assert done.returncode == 2
    assert "pip install 'coinex-sdk[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


MENDED_IN = {
    "fastecdsa": (2, 3, 2),  # CVE-2024-21502: memory that was never set is freed, by a point of the caller's choice
    "h11": (0, 16),  # CVE-2025-43859: chunked bodies with wrong line ends are let through
}
"""The first version without a hole that is known; what comes before must not be installed with us."""


def lower_bounds() -> dict[str, tuple[int, ...]]:
    extras = PROJECT["optional-dependencies"]
    declared = [
        *PROJECT["dependencies"],
        *(each for extra in ("cli", "http", "coinflex", "speed", "tls") for each in extras[extra]),
    ]
    found = {}
    for each in declared:
        name, _, version = each.partition(">=")
        assert version, f"{each}: needs a lower bound"
        found[name] = tuple(map(int, version.split(".")))
    return found


def test_x20_what_users_install_cannot_be_a_version_with_a_known_hole() -> None:
    bounds = lower_bounds()
    assert {name: bounds[name] for name, mended in MENDED_IN.items() if bounds[name] < mended} == {}


def test_x20_no_library_of_elliptic_curves_with_an_open_hole_is_installed_with_us() -> None:
    """`ecdsa` leaks keys through its timing (CVE-2024-23342), and will not be mended; tests may compare with it."""
    assert "ecdsa" not in lower_bounds()
