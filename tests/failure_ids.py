"""Which behaviours of the failure catalogue no test proves: `python -m tests.failure_ids` (or with `--summary`).

A test that proves one begins its name with the id (`test_n14_bytes_alone_are_not_life`, also with several). A comment or docstring in
a test file (`# N14`) says that a part of it is tested there, no more. The catalogue: network (N), HTTP upgrade (H), WebSocket
(W), decoding (D), session (S), book (B), user code (C), process (P), security (X).
"""

import re
import sys
from pathlib import Path

COUNTS = {"N": 30, "H": 20, "W": 17, "D": 23, "S": 30, "B": 12, "C": 9, "P": 12, "X": 20}
"""How many ids each chapter of the catalogue has; they count from 1."""

IDS = tuple(f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1))

PROVED = re.compile(r"^\s*(?:async )?def test_((?:[nhwdsbcpx]\d{1,2}_)+)", re.MULTILINE)
CITED = re.compile(r"(?<![A-Za-z0-9_])([NHWDSBCPX])(\d{1,2})(?![A-Za-z0-9])")


def proved(text: str) -> set[str]:
    """Ids at the beginning of the names of the tests of a file."""
    return {word.upper() for name in PROVED.findall(text) for word in name.split("_") if word} & set(IDS)


def mentioned(text: str) -> set[str]:
    """Ids in the comments and docstrings of a test file, in upper case."""
    found: set[str] = set()
    for line in text.splitlines():
        comment = line.partition("#")[2] if "#" in line else line if '"""' in line else ""
        found.update(f"{letter}{number}" for letter, number in CITED.findall(comment))
    return found & set(IDS)


def unproved(folder: Path) -> tuple[list[str], list[str]]:
    """What the test files below `folder` prove in part only, and what they say nothing of; in the catalogue's order."""
    whole: set[str] = set()
    part: set[str] = set()
    for path in sorted(folder.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        whole |= proved(text)
        part |= mentioned(text)
    left = [wanted for wanted in IDS if wanted not in whole]
    return [wanted for wanted in left if wanted in part], [wanted for wanted in left if wanted not in part]


def main(arguments: list[str]) -> int:
    """Prints how many are proved, and without `--summary` which are not; exit status 1 when there are such."""
    partial, missing = unproved(Path(__file__).parent)
    whole = len(IDS) - len(partial) - len(missing)
    print(f"failure catalogue: {whole} of {len(IDS)} behaviours are proved by a test, {len(partial)} in part")
    if "--summary" in arguments:
        return 0
    for words, ids in (("in part: ", partial), ("without a test: ", missing)):
        if ids:
            print(words + " ".join(ids))
    return int(bool(partial or missing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
