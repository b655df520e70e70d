"""Builds the optional extension `coinex_proto._speed` where a compiler and Python's headers are there.

Where they are not, or anything else stands in the way, the wheel is the pure one: an install never fails for want of
them. With zlib's header the extension uses its CRC-32 where the processor has none. By itself (`python hatch_build.py FILE`, flags from CFLAGS) it
builds the extension into that file, which `make sanitize` uses.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = "speed"
PACKAGE = "coinex_proto"
ZLIB = ("-DHAVE_ZLIB", "-lz")
PATIENCE = 300.0
"""Seconds for the compiler, and for the import that tries its work."""


class SpeedHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the extension into the wheel, or beside the sources of an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it makes a wheel."""
        root = Path(self.root)
        name = f"_speed{sysconfig.get_config_var('EXT_SUFFIX') or '.so'}"
        self.folder = Path(tempfile.mkdtemp())
        built = self.folder / name
        why_not = build(root / SOURCES, built)
        if why_not is not None:
            self.app.display_info(f"coinex-sdk: without the optional extension ({why_not}); the pure Python twin runs")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        if version == "editable":
            # Moved into its place as a whole: a program that runs keeps the file that it has open.
            beside = root / PACKAGE / f".{name}.new"
            shutil.copy2(built, beside)
            beside.replace(root / PACKAGE / name)
        else:
            build_data["force_include"][str(built)] = f"{PACKAGE}/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called by hatchling when the wheel is made."""
        shutil.rmtree(self.folder)


def build(sources: Path, target: Path) -> str | None:
    """Compile the extension into this file. None: it is there and can be imported; else why there is none."""
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "this Python runs without the GIL"
    if sys.implementation.name != "cpython":
        return f"made for CPython, not {sys.implementation.name}"
    return _compiled(sources, target, ZLIB) and _compiled(sources, target, ())


def _compiled(sources: Path, target: Path, extra: tuple[str, ...]) -> str | None:
    ours = shlex.split(sysconfig.get_config_var("CC") or "cc")
    compiler = shlex.split(os.environ.get("CC", "")) or ours
    # What makes a shared library differs by system (-shared, -bundle …); Python knows how it was built itself.
    shared = shlex.split(sysconfig.get_config_var("LDSHARED") or "cc -shared")
    shared = shared[len(ours) :] if shared[: len(ours)] == ours else shared[1:]
    includes = dict.fromkeys(sysconfig.get_path(kind) for kind in ("include", "platinclude"))
    command = [
        *(*compiler, *shared, "-O2", "-fPIC", *(f"-I{folder}" for folder in includes)),
        *shlex.split(os.environ.get("CFLAGS", "")),
        *map(str, sorted(sources.glob("*.c"))),
        *("-o", str(target), *extra),
    ]
    load = (
        "import importlib.util as u, sys; s = u.spec_from_file_location('coinex_proto._speed', sys.argv[1]); "
        "s.loader.exec_module(u.module_from_spec(s))"
    )
    for step in (command, [sys.executable, "-c", load, str(target)]):
        try:
            done = subprocess.run(step, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if "error" in line.lower()] or done.stderr.splitlines()
            return said[0].strip() if said else f"{step[0]} ended with status {done.returncode}"
    return None


if __name__ == "__main__":
    sys.exit(build(Path(__file__).parent / SOURCES, Path(sys.argv[1])))
