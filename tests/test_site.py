"""The documentation as a site; that it builds without a warning is `make docs`."""

import ast
import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def test_every_page_has_its_place_in_the_contents() -> None:
    contents = re.findall(
        r"^:::\{toctree\}\n(?::\w+:[^\n]*\n)*\n(.*?)^:::", (DOCS / "index.md").read_text(), re.MULTILINE | re.DOTALL
    )
    named = [line for block in contents for line in block.split()]
    pages = {page.stem for page in DOCS.glob("*.md")} - {"index"}
    assert sorted(named) == sorted(pages | {"reference/index"})


def test_the_sites_code_is_python() -> None:
    for path in (DOCS / "conf.py", *(DOCS / "_extensions").glob("*.py")):
        ast.parse(path.read_text(), str(path))


def test_what_the_pages_picture_is_there() -> None:
    for page in DOCS.glob("*.md"):
        pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text())
        assert [picture for picture in pictures if not (DOCS / picture).exists()] == []
