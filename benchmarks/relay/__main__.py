"""`python -m benchmarks.relay PART`: the relay on a real server; PART is throughput, delay, consumer, memory, kills or scaling."""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from benchmarks.relay.consumers import consume, consumer, scaling
from benchmarks.relay.delay import delay
from benchmarks.relay.kills import hatch, kills
from benchmarks.relay.memory import memory
from benchmarks.relay.throughput import throughput

PARTS: Final[dict[str, Callable[[int], Coroutine[Any, Any, None]]]] = {
    "throughput": throughput,
    "delay": delay,
    "consumer": consumer,
    "scaling": scaling,
    "memory": memory,
    "kills": kills,
}
USUAL: Final = {
    "throughput": 60_000,
    "delay": 3_000,
    "consumer": 30_000,
    "scaling": 20_000,
    "memory": 10_000_000,
    "kills": 200,
}


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=[*PARTS, "consume", "hatch"])
    parser.add_argument("--messages", type=int, help="how many; kills for that part")
    parser.add_argument("--url")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--tell-every", type=int, default=0)
    parser.add_argument("--core", type=int)
    chosen = parser.parse_args()
    if chosen.part == "consume":
        asyncio.run(consume(chosen.url, chosen.messages, chosen.clients, chosen.tell_every, chosen.core))
    elif chosen.part == "hatch":
        hatch()
    else:
        asyncio.run(PARTS[chosen.part](chosen.messages or USUAL[chosen.part]))


if __name__ == "__main__":
    main()
