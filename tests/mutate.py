"""Whether tests notice when the code is wrong: `python -m tests.mutate [--each N] [--seed S] FILE…`.

Of every source file a sample of mutants is made: one operator, constant, condition, call or assignment is changed. Each runs against the
file's own tests (`pkg/_part.py`: `tests/pkg/test_part*.py`, and the folder `tests/pkg/part/`), in a process of its own; nothing is
written to the source. A mutant that no test fails with has survived, and is listed. Where a file has code that runs without the
extension only, what has survived with it is tried without it as well. The tests that call what was changed run first, quick ones
before slow ones; a loop without end is cut off by the time of the processor, so that a busy machine changes no result. Without files it takes the core, the venues
and the driver core. The tools that were looked at (mutmut 3, cosmic-ray 8) run all tests on each mutant, or write to the tree.

A mutant is a change that a good test of the file must notice. Left alone, since they change nothing that it could prove:

- annotations, overloads, `TYPE_CHECKING`, `__slots__`, `__all__`, docstrings;
- texts of errors and of reprs, and `assert`, which says what our own code guarantees;
- how a class is made (`kw_only`, `slots`, ...), and sizes of caches: whoever names its fields sees no difference;
- `repr=False`, unless the name of the field tells of a secret: it is looks;
- a named number (`LIMIT: Final = 300.0`): tests use the name, and prove what happens at the limit. Numbers in tables are changed;
- the same change twice (`if a == b` with `!=`, and with its opposite), and None where the value is false already.
"""

from __future__ import annotations

import argparse
import ast
import copy
import gc
import importlib.abc
import importlib.machinery
import json
import math
import os
import random
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Final

import pytest
from _pytest.main import pytest_runtestloop as runtestloop
from attrs import frozen

ROOT: Final = Path(__file__).parent.parent
DEFAULT: Final = ("coinex_proto", "coinex_driver")
UNSEEN: Final = frozenset(
    ("contravariant", "covariant", "gc", "kw_only", "maxsize", "order", "slots", "stacklevel", "weakref_slot")
)
"""Names of arguments that no user of the result sees."""
SECRET: Final = re.compile("secret|key|token|password|passphrase|cookie|jwt", re.IGNORECASE)
OUTSIDE: Final = ("coinex_proto/simulator/", "/__init__.py")
"""Not taken unless named: the exchanges of tests, and files that only hand on names."""
GOAL: Final = 0.95
ALREADY_IMPORTED: Final = ("-W", "ignore:Module already imported so cannot be rewritten")
"""Whose asserts pytest would have liked to rewrite: none of ours."""
OPTIONS: Final = (
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
)
TOO_LONG: Final = 20.0
"""Seconds, and five times what the tests take as it is; a mutant that waits for ever is found, too."""
LOOPS_AFTER: Final = 3.0
"""Seconds of the processor, and twice what the tests take while they are traced: a mutant that loops for ever, on a busy machine too."""

HAS_TWIN: Final = "coinex_proto.speedups"
"""Who imports this has code that runs without the extension only: what survives is tried so, too."""

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
    skipped |= {
        id(node) for each in nodes if _is_initial(each) for node in ast.walk(each) if isinstance(node, ast.Assign)
    }
    found: list[Mutant] = []
    for index, node in enumerate(nodes):
        if id(node) not in skipped:
            for what, change in _changes(node):
                found.append(Mutant(_line(node), what, lambda i=index, c=change: _changed(tree, i, c)))  # type: ignore[misc]
    return sorted(found, key=lambda mutant: (mutant.line, mutant.what))


def _told_only(node: ast.AST) -> Iterator[ast.AST]:
    """Parts that the program does not compute with."""
    match node:
        case ast.AnnAssign(target=target, annotation=annotation, value=value):
            yield annotation
            if isinstance(value, ast.Call) and not SECRET.search(ast.unparse(target)):
                yield from (each for each in value.keywords if each.arg == "repr")
        case ast.arg(annotation=ast.AST() as annotation):
            yield annotation
        case ast.FunctionDef(decorator_list=decorators) if any("overload" in ast.unparse(each) for each in decorators):
            yield node
        case ast.FunctionDef(returns=ast.AST() as returns) | ast.AsyncFunctionDef(returns=ast.AST() as returns):
            yield returns
        case ast.Raise() | ast.JoinedStr() | ast.Assert():
            yield node
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            yield node
        case ast.Assign(targets=[ast.Name(id="__slots__" | "__all__" | "T")]):
            yield node
        case ast.keyword(arg=str(name)) if name in UNSEEN:
            yield node
        case ast.Module(body=body):
            named = [each.value for each in body if isinstance(each, ast.AnnAssign) and each.value is not None]
            yield from filter(_is_number, named)


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
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if not _is_turned(test):
            yield "condition → its opposite", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))  # type: ignore[attr-defined]
        case ast.Assign(targets=[ast.Attribute()]):
            yield "assignment left out", lambda n: setattr(n, "value", _read(n.targets[0]))  # type: ignore[attr-defined]
        case ast.Expr(value=ast.Call()):
            yield "call left out", lambda n: setattr(n, "value", ast.Constant(None))
        case ast.Return(value=ast.AST() as value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "returns None", lambda n: setattr(n, "value", ast.Constant(None))


def _is_initial(node: ast.AST) -> bool:
    """Where an attribute gets its first value, without which nothing would run."""
    return isinstance(node, ast.FunctionDef) and node.name in ("__init__", "__setstate__")


def _read(target: ast.AST) -> ast.AST:
    found = copy.deepcopy(target)
    found.ctx = ast.Load()  # type: ignore[attr-defined]
    return found


def _named(operator: ast.AST) -> str:
    return f"{type(operator).__name__} → {SWAPS[type(operator)].__name__}"


def _is_number(node: ast.AST) -> bool:
    """Also as a product: `300 * 10**9`."""
    match node:
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(operand=operand):
            return _is_number(operand)
        case ast.BinOp(left=left, right=right):
            return _is_number(left) and _is_number(right)
    return False


def _is_turned(test: ast.AST) -> bool:
    """Whether another change of this condition makes its opposite already."""
    match test:
        case (
            ast.UnaryOp(op=ast.Not())
            | ast.Compare(ops=[ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()])
        ):
            return True
    return False


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


def survivors(path: Path, sample: Sequence[Mutant], tests: Sequence[Path], *, is_pure: bool) -> list[Mutant] | None:
    """Those that no test has noticed, with the extension or (`is_pure`) without it; None: the tests fail as it is."""
    if is_pure:
        os.environ["COINEX_PURE"] = "1"
    try:
        result = unnoticed(path, sample, tests)
        if result is None:
            return None
        alive, unknown, seconds = result
        return alive + [each for each in unknown if survives(path, each.apply(), tests, TOO_LONG + 5 * seconds)]
    finally:
        if is_pure:
            del os.environ["COINEX_PURE"]


def survives(path: Path, tree: ast.Module, tests: Sequence[Path], seconds: float) -> bool:
    """Whether all these tests pass, in time, where the module is imported like that."""

    def run() -> int:
        name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        sys.meta_path.insert(0, Loader(name, ROOT / path, tree))
        # pytest would import the modules of a plugin, and those beside it, from their files: to rewrite their asserts.
        return int(pytest.main([*OPTIONS, "--assert=plain", *map(str, tests)]))

    return _passes(run, seconds)


def unnoticed(
    path: Path, sample: Sequence[Mutant], tests: Sequence[Path]
) -> tuple[list[Mutant], list[Mutant], float] | None:
    """Those that have survived, those that must be imported to know, and what the tests take; None: they fail as it is.

    The tests are collected once, and each mutant gets its function into a copy of that process.
    """
    told, tell = os.pipe()

    def run() -> int:
        loop = Loop(ROOT / path, sample)
        sys.setprofile(loop.note)
        status = int(pytest.main([*OPTIONS, *map(str, tests)], plugins=[loop]))
        os.write(tell, json.dumps([loop.alive, loop.open, loop.seconds]).encode())
        return status

    passed = _passes(run, math.inf)
    os.close(tell)
    with os.fdopen(told, "rb") as pipe:
        if not passed:
            return None
        alive, unknown, seconds = json.loads(pipe.read())
    return [sample[index] for index in alive], [sample[index] for index in unknown], seconds


class Loop:
    """A plugin of pytest: what was collected runs as it is, and once more for each mutant."""

    def __init__(self, source: Path, sample: Sequence[Mutant]) -> None:
        self.source, self.sample = str(source), sample
        self.alive: list[int] = []
        self.open: list[int] = []
        """What has survived, and would do so too where it changes only what is computed at the import."""
        self.seconds = 0.0
        self._called: set[CodeType] = set()
        self._test = ""
        self._callers: dict[str, set[str]] = {}
        """Of each function, the tests that call it."""
        self._took: dict[str, float] = {}
        """Seconds of the processor that each test takes."""

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """Hears of every call while modules and tests are imported."""
        if event == "call" and frame.f_code.co_filename == self.source:
            self._called.add(frame.f_code)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of pytest's own."""
        sys.setprofile(None)
        items = list(session.items)

        def run(new: Mapping[FunctionType, CodeType], chosen: Sequence[pytest.Item]) -> int:
            for function, code in new.items():
                function.__code__ = code
            session.items[:] = chosen
            runtestloop(session)
            return session.testsfailed

        def passes(new: Mapping[FunctionType, CodeType], chosen: Sequence[pytest.Item]) -> bool:
            most = math.ceil(LOOPS_AFTER + 2 * sum(self._took[item.nodeid] for item in chosen))

            def bounded() -> int:
                resource.setrlimit(resource.RLIMIT_CPU, (most, most))
                return run(new, chosen)

            return _passes(bounded, TOO_LONG + 5 * self.seconds)

        began = time.monotonic()
        if session.testsfailed or not self._runs_as_it_is(lambda: run({}, items)):
            session.testsfailed += 1
            return True
        self.seconds = time.monotonic() - began
        items.sort(key=lambda item: self._took[item.nodeid])
        for index, mutant in enumerate(self.sample):
            new = self._functions(mutant.apply())
            is_open = not new or not self._called.isdisjoint(function.__code__ for function in new)
            callers = {test for function in new for test in self._callers.get(_key(function.__code__), ())}
            likely = [item for item in items if item.nodeid in callers]
            others = [item for item in items if item.nodeid not in callers]
            if not new or (passes(new, likely) and passes(new, others)):
                (self.open if is_open else self.alive).append(index)
        return True

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tells which test runs."""
        self._test = nodeid
        self._took[nodeid] = -time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """It has run."""
        self._took[nodeid] += time.process_time()

    def _note_caller(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == self.source:
            self._callers.setdefault(_key(frame.f_code), set()).add(self._test)

    def _runs_as_it_is(self, run: Callable[[], int]) -> bool:
        """Whether the tests pass; notes which call what, and how long each takes: the likely and quick ones come first."""
        with tempfile.TemporaryFile("w+") as told:

            def noted() -> int:
                threading.settrace(self._note_caller)
                sys.settrace(self._note_caller)
                status = run()
                sys.settrace(None)
                json.dump([{key: sorted(tests) for key, tests in self._callers.items()}, self._took], told)
                told.flush()
                return status

            if not _passes(noted, math.inf):
                return False
            told.seek(0)
            callers, self._took = json.load(told)
            self._callers = {key: set(tests) for key, tests in callers.items()}
        return True

    def _functions(self, tree: ast.Module) -> dict[FunctionType, CodeType]:
        """The functions of the module that are other ones in this text, and how."""
        new: dict[tuple[str, int], CodeType] = {}
        found = [compile(tree, self.source, "exec")]
        while found:
            code = found.pop()
            new[code.co_qualname, code.co_firstlineno] = code
            found += [each for each in code.co_consts if isinstance(each, CodeType)]
        functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        own = {each: each.__code__ for each in functions if each.__code__.co_filename == self.source}
        pairs = {each: new.get((old.co_qualname, old.co_firstlineno), old) for each, old in own.items()}
        return {each: code for each, code in pairs.items() if code != own[each]}


def _key(code: CodeType) -> str:
    return f"{code.co_qualname}:{code.co_firstlineno}"


def _passes(run: Callable[[], int], seconds: float) -> bool:
    """Whether this, in a process of its own and without a word, gives 0 in time."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            status = run()
        except BaseException:  # noqa: BLE001  (whatever it is, the mutant has been noticed)
            status = 1
        os._exit(min(status, 1))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
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
    sample = random.Random(f"{seed}:{path}").sample(found, min(each, len(found)))
    alive = survivors(path, sample, tests, is_pure=False)
    if alive and HAS_TWIN in source:
        alive = survivors(path, alive, tests, is_pure=True)
    if alive is None:
        print(f"{path}: its tests fail as it is", flush=True)
        return 0, 1
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
    os.environ["HYPOTHESIS_PROFILE"] = "mutate"
    for name in ("hypothesis", "msgspec", "trio"):
        import_module(name)  # so that no child needs to
    sys.exit(main(sys.argv[1:]))
