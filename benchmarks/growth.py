"""`python -m benchmarks.growth`: what grows with what: cost per message over markets and time, memory of books, import time."""

import gc
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.__main__ import cut
from benchmarks.contestants import connection, session
from benchmarks.stream import Message, day, message, stream
from coinex_proto import BookView, coinex
from coinex_proto.coinex._pushes import PUSHES

LEVELS_OF_ALL = 1_000 * 50 * 2


def microseconds(run: Callable[[], int], per: int) -> float:
    """CPU of one run, divided."""
    gc.collect()
    began = time.process_time()
    run()
    return (time.process_time() - began) / per * 1e6


def per_message(messages: Sequence[Message], rounds: int = 3) -> float:
    """Session with proved books, median of some runs."""
    return median(microseconds(session(messages, cut(messages)), len(messages)) for _ in range(rounds))


def over_markets(counts: Sequence[int], each: int = 3_000) -> dict[int, float]:
    """Microseconds per message with so many markets; the first books are not counted."""
    found = {}
    for count in counts:
        whole = stream(count=count + each, markets=count)
        first, rest = whole[:count], whole[count:]
        figures = []
        for _ in range(3):
            run_all = microseconds(session(whole, cut(whole)), 1)
            run_first = microseconds(session(first, cut(first)), 1)
            figures.append((run_all - run_first) / len(rest))
        found[count] = median(figures)
    return found


def over_time(runs: int = 20) -> tuple[float, float]:
    """Microseconds per message of the first and the last of many runs of one stream through one connection."""
    messages = stream(count=2_000)
    run = connection(messages, cut(messages))
    figures = [microseconds(run, len(messages)) for _ in range(runs)]
    return median(figures[1:4]), median(figures[-3:])


def all_tickers(markets: int) -> float:
    """Microseconds to decode the tickers of so many markets in one message, per market."""
    today = day(1, 1)
    data = {"state_list": [today.state(f"COIN{number}USDT") for number in range(markets)]}
    payload = message("all tickers", "state.update", data).payload  # type: ignore[arg-type]

    def run() -> int:
        for _ in range(20):
            PUSHES.decode(payload).updates()
        return 20

    return microseconds(run, 20 * markets)


def memory_of_books(markets: int = 1_000) -> float:
    """Megabytes that so many whole books of 50 levels a side take."""
    today = day(1, markets)
    members = [message("depth full", *today.full(market)).payload for market in today.markets]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept: list[tuple[BookView, object]] = []
    for market, payload in zip(today.markets, members, strict=True):
        topic = coinex.Depth(market.name)
        book = coinex.spot().book(topic)
        assert book is not None
        (update,) = PUSHES.decode(payload).updates()
        assert book.apply(update) is None
        kept.append((BookView(topic, book), book))
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(kept) == markets
    return used / 1e6


def import_time(module: str, rounds: int = 7) -> float:
    """Milliseconds of CPU that importing it takes over bare Python, its byte code compiled before, as an installer does."""

    def run(program: str) -> float:
        before = getrusage(RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
        after = getrusage(RUSAGE_CHILDREN)
        return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3

    with TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        run(f"import {module}")
        return median(run(f"import {module}") - run("pass") for _ in range(rounds))


def main() -> None:
    """Prints everything."""
    for markets, cost in over_markets((1, 10, 100, 1_000)).items():
        print(f"{markets:>5} markets: {cost:6.1f} µs a message, proved books included")
    first, last = over_time()
    print(f"one connection, 40,000 messages: {first:.1f} µs a message at first, {last:.1f} at the end")
    for markets in (100, 1_000, 3_000):
        print(f"tickers of {markets:>4} markets in one message: {all_tickers(markets):5.2f} µs a market")
    used = memory_of_books()
    print(f"1,000 books of 50 levels a side: {used:.1f} MB, {used * 1e6 / LEVELS_OF_ALL:.0f} bytes a level")
    for module in ("coinex_proto", "coinex_proto.coinex", "coinex_trio.blocking"):
        print(f"import {module}: {import_time(module):.0f} ms over bare Python")


if __name__ == "__main__":
    main()
