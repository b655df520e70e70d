"""The claims of `surface.py` are checked by mypy with everything else; here, that they are claims at all."""

from __future__ import annotations

from pathlib import Path

SURFACE = Path(__file__).with_name("surface.py")


def test_the_surface_claims_types_and_errors() -> None:
    text = SURFACE.read_text()
    assert text.count("assert_type(") > 15
    assert text.count("type: ignore[") >= 6
