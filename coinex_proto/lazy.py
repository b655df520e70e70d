"""Names of a package that are imported when they are first used (PEP 562).

A program pays for what it uses: one that reads a socket loads no HTTP and no other venue. Type checkers do not run this:
they read the imports below `TYPE_CHECKING` in the same package, and tests/test_lazy.py holds both lists together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__`; `homes` is the names of each of its modules, with blanks between them.

    The package's public modules and packages are found under their own names as well, imported before or not.
    """
    home_of = {name: f"{package}.{home}" for home, names in homes.items() for name in names.split()}
    namespace = vars(sys.modules[package])

    def get(name: str) -> object:
        home = home_of.get(name)
        if home is not None:
            found: object = getattr(import_module(home), name)
        elif name[0] != "_" and name.isidentifier() and find_spec(f"{package}.{name}") is not None:
            found = import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        namespace[name] = found
        return found

    def names() -> list[str]:
        return sorted({*namespace, *home_of})

    return get, names
