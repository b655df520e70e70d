"""`python -m benchmarks`: microseconds of CPU per message, each contestant on the same seeded stream, in interleaved rounds.

Prints medians and ratios; `--json FILE` writes them with machine and versions. The rounds are interleaved so that a busy machine hits
everybody alike, and the ratio is taken round by round before its median.
"""

import argparse
import gc
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contestants import contestants
from benchmarks.instructions import VALGRIND, WHY_NOT, instructions_per_message
from benchmarks.stream import Message, stream

PIECE = 16 * 1024
"""Bytes of one read."""
BASES = ("limit", "websockets + gzip + json", "websockets + zlib + orjson")
"""What everybody is set in relation to, where it runs."""
MEASURED = ("msgspec", "attrs", "wsproto", "isal", "websockets", "orjson")


def cut(messages: Sequence[Message], size: int = PIECE) -> list[bytes]:
    """The frames as a socket would give them: pieces of one size, wherever that cuts."""
    whole = b"".join(message.frame for message in messages)
    return [whole[at : at + size] for at in range(0, len(whole), size)]


def measure(messages: Sequence[Message], rounds: int) -> dict[str, list[float]]:
    """Microseconds of CPU per message by contestant, one figure a round."""
    pieces = cut(messages)
    found: dict[str, list[float]] = {name: [] for name in contestants()}
    for number in range(rounds + 1):
        for name, make in contestants().items():
            run = make(messages, pieces)
            gc.collect()
            began = time.process_time()
            count = run()
            took = time.process_time() - began
            assert count >= len(messages) * 0.9, f"{name} saw {count} of {len(messages)} messages"
            if number:  # the first round warms up
                found[name].append(took / len(messages) * 1e6)
    return found


def machine() -> str:
    """What it was measured on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{platform.machine()}, {platform.system()}, {python}"


def results(
    messages: Sequence[Message], figures: dict[str, list[float]], instructions: dict[str, float]
) -> dict[str, Any]:
    """Medians and ratios, with where and on what they were measured; no instructions where nothing counts them."""
    bases = [base for base in BASES if base in figures]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "versions": {name: version(name) for name in MEASURED if find_spec(name) is not None},
        "messages": len(messages),
        "kinds": Counter(message.kind for message in messages),
        "mean_payload_bytes": round(sum(len(message.payload) for message in messages) / len(messages)),
        "microseconds_per_message": {name: round(median(times), 2) for name, times in figures.items()},
        "instructions_per_message": {name: round(count) for name, count in instructions.items()},
        "ratios": {
            base: {
                name: round(median(mine / theirs for mine, theirs in zip(times, figures[base], strict=True)), 3)
                for name, times in figures.items()
            }
            for base in bases
        },
    }


def report(found: dict[str, Any]) -> str:
    """The results as a table for people."""
    bases = list(found["ratios"])
    lines = [
        f"{found['messages']} messages, {found['mean_payload_bytes']} bytes of JSON on average; {found['machine']}",
        "",
        f"{'':<32}{'µs/message':>12}{'k instr.':>10}" + "".join(f"{'× ' + base:>30}" for base in bases),
    ]
    for name, microseconds in found["microseconds_per_message"].items():
        ratios = "".join(f"{found['ratios'][base][name]:>30.2f}" for base in bases)
        count = found["instructions_per_message"].get(name)
        counted = "" if count is None else f"{count / 1e3:.1f}"
        lines.append(f"{name:<32}{microseconds:>12.2f}{counted:>10}{ratios}")
    if not found["instructions_per_message"]:
        lines += ["", WHY_NOT]
    lines += [
        "",
        "reference: inflating and decoding into dicts of messages that are cut already; nothing of it is ours.",
        "limit: inflating and decoding of messages that are cut already. The others frame as well.",
        NOT_THE_SAME,
    ]
    return "\n".join(lines)


NOT_THE_SAME = (
    "websockets + …: dicts with numbers as text, nothing checked. connection: typed events with exact numbers, checked."
)


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="messages whose kind begins so: depth, for example")
    parser.add_argument("--json", type=Path, help="write the results to this file as well")
    chosen = parser.parse_args(arguments)
    whole = stream(seed=chosen.seed, count=chosen.messages)
    messages = tuple(message for message in whole if message.kind.startswith(chosen.only))
    counted = {} if VALGRIND is None else instructions_per_message(tuple(contestants()), messages[:600])
    found = results(messages, measure(messages, chosen.rounds), counted)
    print(report(found))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
