"""Rules about secrets that hold for the text of the whole SDK."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECRET = re.compile(r"secret|signature|passphrase|password|cookie|hmac|digest|private_key", re.IGNORECASE)
"""What is, or depends on, a secret, by its name."""
PUBLIC = re.compile(
    r"public_key|allows_old_signatures|compare_digest|strict_signatures|signature_(type|kind)", re.IGNORECASE
)


def names(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def compared(source: str) -> list[str]:
    """Comparisons of something secret with `==`, `!=` or `in`: their time tells how much of it is right."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, (ast.Eq, ast.NotEq, ast.In, ast.NotIn)) for operator in node.ops)
        and not any(isinstance(part, (ast.Constant, ast.Tuple)) for part in (node.left, *node.comparators))
        and any(
            SECRET.search(name) and not PUBLIC.search(name)
            for part in (node.left, *node.comparators)
            if not isinstance(part, (ast.Call, ast.Compare))  # len(secret), secret is None
            for name in names(part)
        )
    ]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("if signature == wanted: pass", ["signature == wanted"]),
        ("a = b != self._secret_key", ["b != self._secret_key"]),
        ("proof['x'] == expected_hmac", ["proof['x'] == expected_hmac"]),
        ("hmac.compare_digest(signature, wanted)", []),
        ("secret is None or len(secret) == 3", []),
    ],
)
def test_a_comparison_of_a_secret_is_found(source: str, found: list[str]) -> None:
    assert compared(source) == found


PACKAGES = [path.parent.name for path in ROOT.glob("coinex_*/__init__.py")]


def test_every_package_is_looked_at() -> None:
    assert {"coinex_proto", "coinex_driver", "coinex_trio", "coinex_asyncio", "coinex_recorder"} <= set(PACKAGES)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_x13_nothing_secret_is_compared_with_the_equals_sign(package: str) -> None:
    found = {
        str(path.relative_to(ROOT)): bad
        for path in (ROOT / package).rglob("*.py")
        if (bad := compared(path.read_text(encoding="utf-8")))
    }
    assert found == {}
