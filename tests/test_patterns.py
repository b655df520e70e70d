"""No regular expression takes more than linear time, whatever it is shown (X19).

Every pattern of both packages is run, in the ways its module uses it, over long texts that are made of its own kind of
characters and nearly fit: that is where backtracking shows.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import coinex_driver
import coinex_proto
import coinex_trio

LENGTHS = (*range(12, 44, 4), 120, 400, 1200, 4000)
"""Growing, so that a pattern of exponential time is caught before it hangs the test."""
LIMIT = 0.02
"""Seconds. Linear: 0.001 for 4,000 characters; quadratic: 0.1 and more."""
WAYS = ("match", "fullmatch", "search")
LETTERS = "aZ0.-_:,/ %\t\n'\"="
UNITS = (*LETTERS, *map("".join, product("aZ0.-: \n", repeat=2)), "127.0", "retry ", "at 1s ", "sec-websocket-accept:")
ENDS = ("", "!", "\x00", "\n")
NAMES_RE = re.compile(r"\bre\s*\.")
"""Without it a module calls nothing of `re`, and need not be parsed: most end a sentence with "are." or "more." somewhere."""


def modules() -> Iterator[ModuleType]:
    for package in (coinex_driver, coinex_proto, coinex_trio):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__") and found.name != "coinex_proto._speed":  # C, without patterns
                yield importlib.import_module(found.name)


def patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, frozenset, set)):
        for each in value:
            yield from patterns_in(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from patterns_in(each)


parsed = cache(ast.parse)


def ways_of(source: str, name: str) -> tuple[str, ...]:
    """How a module uses the pattern with this name; all ways where it cannot be seen."""
    used = {
        node.attr
        for node in ast.walk(parsed(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name
    }
    return tuple(way for way in WAYS if way in used) or WAYS


def calls_of_re(source: str) -> Iterator[ast.Call]:
    """`re.sub(…)`, `re.compile(…)` and their like."""
    if not NAMES_RE.search(source):
        return
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id == "re":
                yield node


@cache
def sources() -> dict[ModuleType, str]:
    found = {}
    for module in modules():
        assert module.__file__ is not None
        found[module] = Path(module.__file__).read_text(encoding="utf-8")
    return found


def collected() -> dict[str, tuple[re.Pattern[Any], tuple[str, ...]]]:
    found: dict[str, tuple[re.Pattern[Any], tuple[str, ...]]] = {}
    for module, source in sources().items():
        for name, value in vars(module).items():
            for number, pattern in enumerate(patterns_in(value)):
                found[f"{module.__name__}.{name}[{number}]"] = (pattern, ways_of(source, name))
        for call in calls_of_re(source):
            way = ast.unparse(call.func).removeprefix("re.")
            if way != "compile" and isinstance(call.args[0], ast.Constant):
                pattern = re.compile(str(call.args[0].value))
                found[f"{module.__name__}:{call.lineno}"] = (pattern, (way if way in WAYS else "search",))
    return found


PATTERNS = collected()


def slowest(pattern: re.Pattern[Any], ways: tuple[str, ...]) -> float:
    """Seconds of the worst case, or of the first one over the limit."""
    worst = 0.0
    for length, unit, end, way in product(LENGTHS, UNITS, ENDS, ways):
        text: Any = (unit * (length // len(unit) + 1))[:length] + end
        if isinstance(pattern.pattern, bytes):
            text = text.encode()
        run = getattr(pattern, way)
        taken = _seconds(run, text)
        if taken > LIMIT:
            # What the machine did meanwhile is not the pattern's: the quickest of several counts.
            taken = min(_seconds(run, text) for _ in range(4))
        worst = max(worst, taken)
        if worst > LIMIT:
            return worst
    return worst


def _seconds(run: Any, text: object) -> float:
    began = time.thread_time()  # CPU: other programs on the machine do not count
    run(text)
    return time.thread_time() - began


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_x19_a_pattern_takes_linear_time(name: str) -> None:
    pattern, ways = PATTERNS[name]
    assert slowest(pattern, ways) <= LIMIT, pattern.pattern


@pytest.mark.parametrize("bad", [r"(a+)+\Z", r"(\d|\d\d)+x", r"a*a*a*!!"])
def test_x19_a_pattern_that_backtracks_is_found(bad: str) -> None:
    assert slowest(re.compile(bad), ("match",)) > LIMIT


def test_x19_a_pattern_that_starts_anew_everywhere_is_found() -> None:
    assert slowest(re.compile(r"\d+x"), ("search",)) > LIMIT


def test_x19_no_pattern_is_made_where_nobody_sees_it() -> None:
    """Those that are compiled stand at the top of a module, and those of functions are written out."""
    compiled = {pattern.pattern for pattern, _ in PATTERNS.values()}
    for source in sources().values():
        for call in calls_of_re(source):
            if call.args and isinstance(call.args[0], ast.Constant):
                assert call.args[0].value in compiled
            else:
                assert ast.unparse(call.func) == "re.compile", ast.unparse(call)
    assert len(PATTERNS) > 30
