"""Which twin runs, and that no binary that lies in its place can stop a program."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import warnings
from pathlib import Path
from types import ModuleType

import pytest

from coinex_proto import speedups
from tests.processes import HANGS_AFTER

ROOT = Path(__file__).parent.parent.parent
SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
INSTALL = (sys.executable, *["-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation"])
PROGRAM = "from coinex_proto import Session, speedups; print(speedups.description)"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package that stands for coinex_proto when `speedups._found` looks for the binary."""
    name = f"stand_in_{abs(hash(tmp_path)):x}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("COINEX_PURE", raising=False)
    monkeypatch.setattr(speedups, "_NAME", f"{name}._speed")
    monkeypatch.setattr(speedups, "__file__", str(folder / "speedups.py"))
    return folder


def found() -> tuple[ModuleType | None, str, list[str]]:
    """What is decided, and the warnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module, description = speedups._found()
    assert all(one.category is RuntimeWarning for one in caught)
    return module, description, [str(one.message) for one in caught]


def assert_refused(because: str) -> None:
    module, description, said = found()
    assert module is None
    assert len(said) == 1
    assert because in said[0]
    assert "COINEX_PURE=1" in said[0]
    assert because in description


def test_without_a_binary_the_pure_twin_runs_and_nothing_is_said(package: Path) -> None:
    assert found() == (None, "pure Python: the extension was not built", [])


@pytest.mark.parametrize("value", ["1", "yes"])
def test_coinex_pure_switches_it_off_and_no_binary_is_touched(
    package: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    (package / f"_speed{SUFFIX}").write_bytes(b"garbage")
    monkeypatch.setenv("COINEX_PURE", value)
    assert found() == (None, "pure Python: COINEX_PURE is set", [])


@pytest.mark.parametrize("value", ["", "0"])
def test_coinex_pure_that_is_empty_or_0_switches_nothing_off(
    package: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    (package / "_speed.py").write_text(f"REVISION = {speedups.REVISION}")
    monkeypatch.setenv("COINEX_PURE", value)
    module, description, said = found()
    assert module is not None
    assert (description, said) == ("the compiled extension", [])


@pytest.mark.parametrize("garbage", [b"", b"garbage", b"\x7fELF" + bytes(60)])
def test_a_broken_binary_is_refused_with_one_warning(package: Path, garbage: bytes) -> None:
    (package / f"_speed{SUFFIX}").write_bytes(garbage)
    assert_refused("_speed")


def test_a_binary_for_another_python_is_refused_with_one_warning(package: Path) -> None:
    (package / "_speed.cpython-39-m68k-linux-gnu.so").write_bytes(b"\x7fELF")
    assert_refused("_speed.cpython-39-m68k-linux-gnu.so is for another Python")


def test_a_binary_of_another_module_is_refused_with_one_warning(package: Path) -> None:
    other = importlib.util.find_spec("msgspec._core")
    assert other is not None
    assert other.origin is not None
    shutil.copy(other.origin, package / f"_speed{SUFFIX}")
    assert_refused("PyInit__speed")


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("REVISION = 0", "revision 0"),
        ("pass", "AttributeError"),
        ("raise SystemError('initialization failed')", "SystemError: initialization failed"),
        ("import a_module_that_is_nowhere", "a_module_that_is_nowhere"),
    ],
)
def test_a_binary_of_another_version_or_that_fails_is_refused_with_one_warning(
    package: Path, text: str, because: str
) -> None:
    (package / "_speed.py").write_text(text)
    assert_refused(because)


def test_both_sides_have_the_same_revision() -> None:
    header = (ROOT / "speed/speed.h").read_text()
    assert re.findall(r"#define SPEED_REVISION (\d+)", header) == [str(speedups.REVISION)]


def copied(folder: Path) -> Path:
    """The sources of the project, without what was built from them."""
    folder.mkdir()
    for name in ("coinex_proto", "coinex_driver", "coinex_trio", "speed"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, folder)
    return folder


def run_in(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program that finds the SDK in this folder."""
    return subprocess.run(
        [sys.executable, "-W", "always", "-c", PROGRAM],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **environ},
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
    )


def test_a_program_runs_on_the_pure_twin_beside_a_broken_binary(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "coinex_proto", tmp_path / "coinex_proto", ignore=shutil.ignore_patterns("*.so", "simulator", "*.pyc")
    )
    (tmp_path / "coinex_proto" / f"_speed{SUFFIX}").write_bytes(b"garbage")
    done = run_in(tmp_path)
    assert done.stdout.startswith("pure Python: the extension was refused")
    assert done.stderr.count("RuntimeWarning") == 1
    quiet = run_in(tmp_path, COINEX_PURE="1")
    assert (quiet.stdout, quiet.stderr) == ("pure Python: COINEX_PURE is set\n", "")


@pytest.mark.parametrize(
    "environ", [{"CC": "/bin/false"}, {"CC": "a-compiler-that-is-nowhere"}, {"CFLAGS": "--no-such-flag"}]
)
def test_whatever_the_compiler_lacks_is_a_reason_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    hook = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hook)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    why_not = hook.build(ROOT / "speed", tmp_path / "built.so")
    assert why_not
    assert "\n" not in why_not


def test_a_source_install_without_a_compiler_gives_a_pure_install_that_works(tmp_path: Path) -> None:
    source, target = copied(tmp_path / "source"), tmp_path / "target"
    subprocess.run(
        [*INSTALL, "--target", str(target), str(source)],
        env={**os.environ, "CC": "/bin/false"},
        check=True,
        capture_output=True,
        timeout=250,
    )
    (wheel,) = target.glob("coinex_sdk-*.dist-info/WHEEL")
    assert "Root-Is-Purelib: true" in wheel.read_text()
    assert "Tag: py3-none-any" in wheel.read_text()
    done = run_in(target)
    assert (done.stdout, done.stderr) == ("pure Python: the extension was not built\n", "")


def test_a_source_install_with_a_compiler_gives_the_extension_and_a_wheel_for_this_platform_only(
    tmp_path: Path,
) -> None:
    if speedups.speed is None:
        pytest.skip("no compiler here, or COINEX_PURE is set: the pure install is tested above")
    source = copied(tmp_path / "source")
    (source / "coinex_proto" / "_speed.cpython-39-m68k-linux-gnu.so").touch()  # left by an editable install
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=source,
        check=True,
        capture_output=True,
        timeout=250,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert not wheel.name.endswith("-any.whl")
    shutil.unpack_archive(wheel, tmp_path / "target", "zip")
    assert [path.name for path in (tmp_path / "target/coinex_proto").glob("_speed.*")] == [f"_speed{SUFFIX}"]
    done = run_in(tmp_path / "target")
    assert (done.stdout, done.stderr) == ("the compiled extension\n", "")
