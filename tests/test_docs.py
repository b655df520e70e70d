"""Every code block of the README and the docs runs, as it stands, against the local exchange.

`python` blocks are whole programs and run each in a fork of its own; `console` blocks hold commands after `$ `: those of `coinex` run,
those of make and pip are held against the Makefile and the extras. `text` blocks show output, `mermaid` blocks are drawn from the code.
Anything else is refused, so that no block slips through.
"""

import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.processes import python, warm_python

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen(kw_only=True)
class Block:
    """One fenced block of one page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        yield Block(page=page, line=text.count("\n", 0, found.start()) + 1, language=found[1], text=found[2])


BLOCKS = [block for page in PAGES for block in blocks(page)]


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def commands() -> list[tuple[str, str]]:
    """Place and command of each `$ ` line in a console block."""
    return [
        (f"{block}+{number}", line[2:])
        for block in of("console")
        for number, line in enumerate(block.text.splitlines(), 1)
        if line.startswith("$ ")
    ]


def test_the_reader_of_blocks_finds_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Words.\n\n```python\nprint(1)\n```\n\n```console\n$ make test\n```\n")
    assert [(block.line, block.language, block.text) for block in blocks(page)] == [
        (3, "python", "print(1)\n"),
        (7, "console", "$ make test\n"),
    ]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_each_block_is_of_a_kind_that_is_tested(block: Block) -> None:
    assert block.language in {"python", "console", "text", "mermaid"}


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_a_program_runs_as_it_stands(block: Block, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(block.text)
    done = warm_python("-W", "error", program, cwd=tmp_path)
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    assert done.stderr == "", f"{block}\n{done.stderr}"


@pytest.mark.early
def test_programs_have_the_types_that_mypy_strict_wants(tmp_path: Path) -> None:
    """As users see them, without the settings of this project."""
    for number, block in enumerate(of("python")):
        (tmp_path / f"block_{number}.py").write_text(f"# {block}\n{block.text}")
    for path in (ROOT / "tests" / "data" / "programs").glob("*.txt"):
        shutil.copy(path, tmp_path / f"{path.stem}.py")
    cache = ROOT / ".mypy_cache" / "programs"
    options = ("--strict", "--config-file=", "--ignore-missing-imports", "--cache-dir", cache)
    done = python("-m", "mypy", *options, tmp_path, env={**os.environ, "MYPYPATH": str(ROOT)})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("place", "command"), [pair for pair in commands() if pair[1].startswith("coinex ")])
def test_a_command_of_the_command_line_runs(place: str, command: str, tmp_path: Path) -> None:
    arguments = ("-m", "coinex_trio", *shlex.split(command)[1:])
    done = warm_python(*arguments, cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, f"{place}: {command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize(("place", "command"), [pair for pair in commands() if not pair[1].startswith("coinex ")])
def test_any_other_command_names_a_target_or_an_extra_that_exists(place: str, command: str) -> None:
    words = shlex.split(command)
    makefile = (ROOT / "Makefile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    match words:
        case ["make", *arguments]:
            targets = [word for word in arguments if "=" not in word]
            settings = [word.partition("=")[0] for word in arguments if "=" in word]
            assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets), place
            assert all(re.search(rf"^{name} \?=", makefile, re.MULTILINE) for name in settings), place
        case ["pip", "install", what]:
            name, _, wanted = what.rstrip("]").partition("[")
            assert name == ".", f"{place}: it is not published yet"
            assert set(filter(None, wanted.split(","))) <= set(extras), place
        case _:
            pytest.fail(f"{place}: no test for `{command}`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", FENCE.sub("", page.read_text()))
    assert [target for target in targets if not (page.parent / target).exists()] == []
