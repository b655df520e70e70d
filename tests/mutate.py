"""Whether tests notice when the code is wrong: `python -m tests.mutate [--each N] [--seed S] FILE…`.

Of every source file a sample of mutants is made: one operator, constant, condition or call is changed. Each runs against the
file's own tests (`pkg/_part.py`: `tests/pkg/test_part*.py`, and the folder `tests/pkg/part/`), in a process of its own; nothing is
written to the source. A mutant that no test fails with has survived, and is listed. Without files it takes the core, the venues
and the driver core. The tools that were looked at (mutmut 3, cosmic-ray 8) run all tests on each mutant, or write to the tree.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from attrs import frozen

ROOT: Final = Path(__file__).parent.parent
DEFAULT: Final = ("coinex_proto", "coinex_driver")
OUTSIDE: Final = ("coinex_proto/simulator/", "/__init__.py")
"""Not taken unless named: the exchanges of tests, and files that only hand on names."""
GOAL: Final = 0.95
ALREADY_IMPORTED: Final = ("-W", "ignore:Module already imported so cannot be rewritten")
"""Whose asserts pytest would have liked to rewrite: none of ours."""
TOO_LONG: Final = 300.0
"""Seconds; a mutant that loops for ever is found, too."""

SWAPS: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


@frozen
class Mutant:
    """One change of a file."""

    line: int
    what: str
    apply: Callable[[], ast.Module]


def mutants(source: str) -> list[Mutant]:
    """Everything that can be changed, in the order of the text; annotations and texts of errors are left alone, and so is a
    constant that is false and would be None instead."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    skipped = {id(inner) for node in nodes for part in _told_only(node) for inner in ast.walk(part)}
    found: list[Mutant] = []
    for index, node in enumerate(nodes):
        if id(node) not in skipped:
            for what, change in _changes(node):
                found.append(Mutant(_line(node), what, lambda i=index, c=change: _changed(tree, i, c)))  # type: ignore[misc]
    return sorted(found, key=lambda mutant: (mutant.line, mutant.what))


def _told_only(node: ast.AST) -> Iterator[ast.AST]:
    """Parts that the program does not compute with."""
    match node:
        case ast.AnnAssign(annotation=annotation):
            yield annotation
        case ast.arg(annotation=ast.AST() as annotation):
            yield annotation
        case ast.FunctionDef(returns=ast.AST() as returns):
            yield returns
        case ast.Raise() | ast.JoinedStr():
            yield node
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            yield node
        case ast.Assign(targets=[ast.Name(id="__slots__" | "__all__" | "T")]):
            yield node
        case ast.keyword(arg="kw_only"):
            yield node  # that a class takes positions as well changes nothing for whoever names its fields


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0) or next((each.lineno for each in ast.walk(node) if hasattr(each, "lineno")), 0)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """In words, and as something that changes the node in place."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in SWAPS:
            yield _named(operator), lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]())  # type: ignore[attr-defined]
        case ast.BoolOp(op=operator):
            yield _named(operator), lambda n: setattr(n, "op", SWAPS[type(n.op)]())  # type: ignore[attr-defined]
        case ast.BinOp(op=operator, left=left) if type(operator) in SWAPS and not _is_text(left):
            yield _named(operator), lambda n: setattr(n, "op", SWAPS[type(n.op)]())  # type: ignore[attr-defined]
        case ast.UnaryOp(op=ast.Not()):
            yield "not X → X", lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))  # type: ignore[attr-defined]
        case ast.Constant(value=bool(value)):
            yield f"{value} → {not value}", lambda n: setattr(n, "value", not n.value)  # type: ignore[attr-defined]
        case ast.Constant(value=int(value) | float(value)):
            yield f"{value} → {value + 1}", lambda n: setattr(n, "value", n.value + 1)  # type: ignore[attr-defined]
        case ast.If() | ast.While() | ast.IfExp():
            yield "condition → its opposite", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))  # type: ignore[attr-defined]
        case ast.Expr(value=ast.Call()):
            yield "call left out", lambda n: setattr(n, "value", ast.Constant(None))
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "returns None", lambda n: setattr(n, "value", ast.Constant(None))


def _named(operator: ast.AST) -> str:
    return f"{type(operator).__name__} → {SWAPS[type(operator)].__name__}"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))


def _changed(tree: ast.Module, index: int, change: Callable[[ast.AST], None]) -> ast.Module:
    made = copy.deepcopy(tree)
    change(list(ast.walk(made))[index])
    return ast.fix_missing_locations(made)


class Loader(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(self, name: str, path: object, target: object = None) -> importlib.machinery.ModuleSpec | None:
        """Of that module only."""
        if name != self.name:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        """Runs the changed text."""
        module.__file__ = str(self.path)
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)


def own_tests(path: Path) -> list[Path]:
    """The tests of a source file."""
    folder, stem = ROOT / "tests" / path.parent, path.stem.lstrip("_")
    return [*sorted(folder.glob(f"test_{stem}.py")), *sorted(folder.glob(f"test_{stem}_*.py"))] + [
        each
        for each in (folder / stem, folder / f"_{stem}")
        if each.is_dir() and not (ROOT / path.parent / stem).is_dir()
    ]


def survives(path: Path, tree: ast.Module | None, tests: Sequence[Path]) -> bool:
    """Whether all these tests pass with the module like that; None: as it is."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        if tree is not None:
            name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
            sys.meta_path.insert(0, Loader(name, ROOT / path, tree))
        options = [
            "-x",
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "--tb=no",
            *ALREADY_IMPORTED,
        ]
        try:
            status = int(pytest.main([*options, *map(str, tests)]))
        except BaseException:  # noqa: BLE001  (whatever it is, the mutant has been noticed)
            status = 1
        os._exit(status)
    until = time.monotonic() + TOO_LONG
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def examine(path: Path, each: int, seed: int) -> tuple[int, int]:
    """Prints what became of the sample; how many were noticed, of how many."""
    tests, source = own_tests(path), (ROOT / path).read_text(encoding="utf-8")
    found = mutants(source)
    if not found:
        return 0, 0
    if not tests:
        print(f"{path}: no tests of its own", flush=True)
        return 0, 1
    if not survives(path, None, tests):
        print(f"{path}: its tests fail as it is", flush=True)
        return 0, 1
    sample = random.Random(f"{seed}:{path}").sample(found, min(each, len(found)))
    alive = [mutant for mutant in sample if survives(path, mutant.apply(), tests)]
    print(f"{path}: {len(sample) - len(alive)} of {len(sample)}", flush=True)
    lines = source.splitlines()
    for mutant in sorted(alive, key=lambda mutant: mutant.line):
        print(f"    {mutant.line}: {mutant.what}: {lines[mutant.line - 1].strip()}", flush=True)
    return len(sample) - len(alive), len(sample)


def main(arguments: Sequence[str]) -> int:
    """Exit status 1: fewer than the goal were noticed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="source files or folders")
    parser.add_argument("--each", type=int, default=10, help="mutants of a file")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another sample")
    chosen = parser.parse_args(arguments)
    paths = [path for name in chosen.files or DEFAULT for path in _files(Path(name), is_named=bool(chosen.files))]
    noticed = total = 0
    for path in paths:
        killed, of = examine(path, chosen.each, chosen.seed)
        noticed, total = noticed + killed, total + of
    share = noticed / total if total else 1.0
    print(f"{noticed} of {total} mutants were noticed: {share:.1%}; the goal is {GOAL:.0%}")
    return int(share < GOAL)


def _files(path: Path, *, is_named: bool) -> Iterator[Path]:
    if path.suffix == ".py":
        yield path
        return
    for each in sorted((ROOT / path).rglob("*.py")):
        relative = each.relative_to(ROOT)
        if not any(part in relative.as_posix() for part in OUTSIDE[is_named:]):
            yield relative


if __name__ == "__main__":
    for name in ("hypothesis", "msgspec", "trio"):
        import_module(name)  # so that no child needs to
    sys.exit(main(sys.argv[1:]))
