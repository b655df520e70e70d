"""The reference: a page for each public package, with every name of its `__all__`, written anew when the site is built."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import attrs
from sphinx.application import Sphinx

PACKAGES = {
    "coinex_asyncio": "Clients under asyncio",
    "coinex_trio": "Clients for trio and for plain scripts, the local exchange",
    "coinex_proto": "The core: events, configuration, errors, sessions",
    "coinex_proto.coinex": "CoinEx on the socket",
    "coinex_proto.coinex.http": "CoinEx over HTTP",
    "coinex_proto.qfex": "QFEX",
    "coinex_proto.coinflex": "CoinFLEX",
    "coinex_proto.simulator": "The exchange behind the local exchange",
}


CLIENTS = {"coinex_asyncio", "coinex_trio"}
"""Packages whose classes have most of their methods from a base that is not public."""
DEFAULT = re.compile(r"attr_dict\['(\w+)'\]\.default")
NAME = re.compile(r"(?<!`)`([^`]+)`(?!`)(\w?)")


def write_pages(app: Sphinx) -> None:
    """One page a package, below `reference/`."""
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    seen: dict[int, str] = {}
    for package, subject in PACKAGES.items():
        module = importlib.import_module(package)
        names = sorted(module.__all__, key=str.lower)
        parts = [f"`{package}`\n{'=' * (len(package) + 2)}\n", f"{subject}.\n"]
        parts += [_entry(package, name, getattr(module, name), seen) for name in names if not name.startswith("__")]
        _write(folder / f"{package}.rst", "\n".join(parts))
    toc = "\n".join(f"   {package}" for package in PACKAGES)
    _write(
        folder / "index.rst",
        f"Reference\n=========\n\nEvery public name, by package.\n\n.. toctree::\n   :maxdepth: 1\n\n{toc}\n",
    )


def _entry(package: str, name: str, value: object, seen: dict[int, str]) -> str:
    full = f"{package}.{name}"
    if inspect.ismodule(value):
        return f"``{full}``: a package of its own, see its page.\n"
    if inspect.isclass(value) and seen.setdefault(id(value), full) != full:
        return f"``{name}``: the same as :py:class:`{seen[id(value)]}`.\n"
    kind = "autoexception" if inspect.isclass(value) and issubclass(value, BaseException) else None
    kind = kind or (
        "autoclass" if inspect.isclass(value) else "autofunction" if inspect.isroutine(value) else "autodata"
    )
    options = "   :no-value:\n" if kind == "autodata" else ""
    if kind == "autoclass" and package in CLIENTS:
        options = "   :inherited-members:\n"
    return f".. {kind}:: {full}\n{options}"


def as_code(app: Sphinx, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Names in the docstrings stand in single backticks, as in the pages, and may be followed by letters."""
    lines[:] = [
        NAME.sub(lambda found: f"``{found[1]}``" + ("\\ " if found[2] else "") + found[2], line) for line in lines
    ]


def with_defaults(
    app: Sphinx, what: str, name: str, value: object, options: object, signature: str | None, returns: str | None
) -> tuple[str | None, str | None] | None:
    """attrs writes a default as an entry of its own table, and one that is made anew each time as NOTHING."""
    if signature is None or not (inspect.isclass(value) and attrs.has(value)):
        return None
    defaults = {field.name: field.default for field in attrs.fields(value)}
    return DEFAULT.sub(lambda found: _shown(defaults[found[1]]), signature).replace("= NOTHING", "= …"), returns


def _shown(default: object) -> str:
    return getattr(default, "__name__", None) or repr(default)


def _write(path: Path, text: str) -> None:
    """Only where it has changed, so that a second build is quick."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def setup(app: Sphinx) -> dict[str, Any]:
    """For Sphinx."""
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", as_code)
    app.connect("autodoc-process-signature", with_defaults)
    return {"parallel_read_safe": True}
