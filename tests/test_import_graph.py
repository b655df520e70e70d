"""The graph of all imports between files has no circle, in any package, annotations and imports within functions included."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("coinex_proto", "coinex_driver", "coinex_trio", "coinex_asyncio", "coinex_relay")
Graph = Mapping[str, frozenset[str]]


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Every dotted name that an import of this file can stand for: `from a import b` is `a`, and `a.b` where that is a file.

    The packages around what is imported run first, so that they count too, save those that the file itself lies in.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def graph_of(root: Path, packages: Iterable[str]) -> Graph:
    files = {module_of(path, root): path for package in packages for path in sorted((root / package).rglob("*.py"))}
    return {
        name: frozenset(
            reached
            for target in imported(path)
            for reached in (target, *around(target))
            if reached in files and reached != name and (reached == target or not f"{name}.".startswith(f"{reached}."))
        )
        for name, path in files.items()
    }


def around(module: str) -> list[str]:
    """The packages that a module lies in, but for the outermost, which imports everything."""
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(2, len(parts))]


def circles(graph: Graph) -> list[list[str]]:
    """The sets of files that import each other, directly or by way of others (Tarjan's strongly connected components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for name in graph:
        if name not in order:
            visit(name)
    return found


def test_a_circle_is_found_wherever_the_imports_stand(tmp_path: Path) -> None:
    package = tmp_path / "p"
    package.mkdir()
    (package / "__init__.py").write_text("from p.a import A\n")
    (package / "a.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from p.b import B\n")
    (package / "b.py").write_text("def f():\n    from p import c\n")
    (package / "c.py").write_text("x = 1\n")
    assert circles(graph_of(tmp_path, ["p"])) == [["p", "p.a", "p.b"]]
    (package / "b.py").write_text("from p.c import x\n")
    assert circles(graph_of(tmp_path, ["p"])) == []


def test_there_is_no_circle_within_or_across_packages() -> None:
    assert circles(graph_of(ROOT, PACKAGES)) == []
