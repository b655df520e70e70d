"""The lists of a lazy package say the same, and its names behave as if they had been imported at once."""

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import coinex_proto
from tests.processes import HANGS_AFTER

ROOT = Path(__file__).parent.parent.parent
LAZY = ["coinex_proto", "coinex_trio"]


def homes_for_checkers(package: str) -> dict[str, str]:
    """Which module the type checkers are told that each name comes from."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text())
    (guarded,) = [node for node in tree.body if isinstance(node, ast.If)]
    return {
        alias.name: node.module
        for node in guarded.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }


@pytest.mark.parametrize("package", LAZY)
def test_type_checkers_star_imports_dir_and_programs_see_the_same_names(package: str) -> None:
    module = importlib.import_module(package)
    homes = homes_for_checkers(package)
    assert set(module.__all__) == set(homes)
    assert set(homes) <= set(dir(module))
    for name, home in homes.items():
        assert getattr(module, name) is getattr(importlib.import_module(home), name), name
    namespace: dict[str, object] = {}
    exec(f"from {package} import *", namespace)
    assert set(module.__all__) == set(namespace) - {"__builtins__"}


@pytest.mark.parametrize("package", LAZY)
def test_a_name_that_is_not_there_is_an_attribute_error_that_says_so(package: str) -> None:
    module = importlib.import_module(package)
    for name in ("Sesion", "_private", "a.b", "sesion.Session"):
        with pytest.raises(AttributeError, match=f"module '{package}' has no attribute '{name}'"):
            getattr(module, name)
    with pytest.raises(ImportError, match="Sesion"):
        exec(f"from {package} import Sesion")


@pytest.mark.parametrize("name", ["errors.UsageError", "coinex.spot", "books.Ladder"])
def test_public_modules_are_found_by_attribute_without_an_import_of_their_own(name: str) -> None:
    program = f"import coinex_proto; coinex_proto.{name}"
    subprocess.run([sys.executable, "-c", program], timeout=HANGS_AFTER, check=True)


def test_a_name_is_looked_up_once() -> None:
    assert coinex_proto.Session is vars(coinex_proto)["Session"]


def test_what_was_pickled_is_read_by_a_program_that_has_imported_nothing() -> None:
    pickled = pickle.dumps(coinex_proto.Config(ping_interval=7.0))
    program = f"import pickle; print(pickle.loads({pickled!r}).ping_interval)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER, check=True
    )
    assert done.stdout == "7.0\n"


def test_threads_that_take_the_same_name_first_get_the_same_class() -> None:
    program = """
import threading, coinex_proto
found, start = [], threading.Barrier(8)
def take():
    start.wait()
    found.append(coinex_proto.Session)
threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 8 and len(set(found)) == 1
"""
    subprocess.run([sys.executable, "-c", program], timeout=HANGS_AFTER, check=True)


def test_public_modules_are_found_under_their_own_names_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "lazy_sample"
    home.mkdir()
    (home / "__init__.py").write_text(
        "from coinex_proto.lazy import lazy_names\n"
        "__getattr__, __dir__ = lazy_names(__name__, {'_inside': 'one two', 'shown': 'three'})\n"
    )
    (home / "_inside.py").write_text("one, two = 1, 2\n")
    (home / "shown.py").write_text("three = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    sample = importlib.import_module("lazy_sample")
    try:
        assert {"one", "two", "three"} <= set(dir(sample))
        for name in ("_inside", "x", "missing", "not a name"):
            with pytest.raises(AttributeError, match=f"has no attribute {name!r}"):
                getattr(sample, name)
        assert (sample.one, sample.shown.three) == (1, 3)
        assert sample.three == 3
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "lazy_sample"]:
            del sys.modules[name]
