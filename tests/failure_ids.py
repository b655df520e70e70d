"""Which behaviours of the failure catalogue no test cites: `python -m tests.failure_ids` (or with `--summary`).

A test cites an id in its name (`test_n14_bytes_alone_are_not_life`) or in a comment beside it (`# N14`). The catalogue: network (N), HTTP
upgrade (H), WebSocket (W), decoding (D), session (S), book (B), user code (C), process (P), security (X).
"""

import re
import sys
from pathlib import Path

COUNTS = {"N": 30, "H": 20, "W": 17, "D": 23, "S": 30, "B": 12, "C": 9, "P": 12, "X": 20}
"""How many ids each chapter of the catalogue has; they count from 1."""

IDS = tuple(f"{letter}{number}" for letter, count in COUNTS.items() for number in range(1, count + 1))

CITED = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=_))([NHWDSBCPXnhwdsbcpx])(\d{1,2})(?![A-Za-z0-9])")


def cited(text: str) -> set[str]:
    """Ids in a test file: in the names of tests, and in comments and docstrings (upper case)."""
    found: set[str] = set()
    for line in text.splitlines():
        name = re.match(r"\s*(?:async )?def test_(\w+)", line)
        if name:
            found.update(f"{letter}{number}".upper() for letter, number in CITED.findall(name[1]))
        comment = line.partition("#")[2] if "#" in line else line if '"""' in line else ""
        found.update(f"{letter}{number}" for letter, number in CITED.findall(comment) if letter.isupper())
    return found & set(IDS)


def uncited(folder: Path) -> list[str]:
    """The ids that no test file below `folder` cites, in the catalogue's order."""
    everywhere: set[str] = set()
    for path in sorted(folder.rglob("test_*.py")):
        everywhere |= cited(path.read_text())
    return [wanted for wanted in IDS if wanted not in everywhere]


def main(arguments: list[str]) -> None:
    """Prints the ids without a test; with `--summary` one line."""
    missing = uncited(Path(__file__).parent)
    print(f"failure catalogue: {len(IDS) - len(missing)} of {len(IDS)} behaviours are cited by a test")
    if "--summary" not in arguments and missing:
        print("without a test: " + " ".join(missing))


if __name__ == "__main__":
    main(sys.argv[1:])
