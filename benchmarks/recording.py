"""`python -m benchmarks.recording`: what a recording costs per message, what it takes on disk, and how fast it is played and exported.

CPU of the whole process, the writing thread with it; each figure is the median of interleaved rounds on the stream of `benchmarks.stream`.
With `--instructions` what valgrind counts instead, which no neighbour on the machine disturbs: of all threads, by the difference of two lengths.
"""

import argparse
import gc
import importlib
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen

from benchmarks.contestants import NOW, SOURCES, markets_of, opened
from benchmarks.instructions import instructions_of_forks
from benchmarks.server import acknowledgements
from benchmarks.stream import Message, stream
from coinex_proto import Session, Sources, coinex
from coinex_proto.config import SessionTap
from coinex_recorder import FlightRecorder, RecordingFiles, files_of, replay
from coinex_recorder.exporting import export
from coinex_recorder.rows import rows
from coinex_recorder.tables import count_rows


@frozen
class Made:
    """A session that is ready for the stream, and what listens at it."""

    session: Session
    tap: SessionTap | None
    at: float


def ready(messages: Sequence[Message], make: Callable[[Any, Sources], SessionTap] | None) -> Made:
    """Upgraded, subscribed and acknowledged."""
    dialect = coinex.spot()
    tap = None if make is None else make(dialect, SOURCES)
    if tap is None:
        wire = Session(dialect, SOURCES)
    else:
        wire = tap.session_class(Session)(dialect, tap.sources)
        tap.attach(wire)
    for name in markets_of(messages):
        wire.subscribe(coinex.Depth(name), coinex.Trades(name), coinex.BestQuote(name), now=NOW)
    wire.subscribe(coinex.Ticker(), now=NOW)
    wire.next_step(NOW)
    wire.connected(NOW)
    opened(wire)
    at = NOW
    while (deadline := wire.next_deadline()) is not None and deadline < NOW + 15.0:
        at = deadline
        wire.handle_timeout(at)
        while sent := wire.data_to_send():
            wire.receive_data(acknowledgements(sent), at)
    while wire.next_event() is not None:
        pass
    return Made(wire, tap, at)


def play(made: Made, messages: Sequence[Message]) -> None:
    """A read a message, as a market that is followed in real time brings them."""
    receive, next_event, at = made.session.receive_data, made.session.next_event, made.at
    for number, message in enumerate(messages):
        receive(message.frame, at + number * 1e-5)
        while next_event() is not None:
            pass


def measured(work: Callable[[], object]) -> float:
    """Seconds of CPU of this process, all threads."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def session_alone(messages: Sequence[Message], directory: Path) -> float:
    """Without a recorder."""
    made = ready(messages, None)
    return measured(lambda: play(made, messages))


def with_flight_recorder(messages: Sequence[Message], directory: Path) -> float:
    """The ring in memory."""
    made = ready(messages, FlightRecorder(directory).tap)
    return measured(lambda: play(made, messages))


def recorded(messages: Sequence[Message], directory: Path) -> float:
    """To files, until they are complete."""
    files = RecordingFiles(directory)
    made = ready(messages, files.tap)

    def record() -> None:
        play(made, messages)
        assert made.tap is not None
        made.tap.close(made.at + 1.0)
        files.close()

    return measured(record)


def replayed(messages: Sequence[Message], directory: Path) -> float:
    """From files, at full speed."""
    recorded(messages, directory)
    return measured(lambda: sum(1 for _ in replay(directory)))


def on_disk(messages: Sequence[Message], directory: Path) -> float:
    """Bytes of the files for each byte of inflated payload; no time."""
    recorded(messages, directory)
    return sum(path.stat().st_size for path in files_of(directory)) / sum(len(message.payload) for message in messages)


def exported_to_parquet(messages: Sequence[Message], directory: Path) -> float:
    """To Parquet, from files; without the second that pyarrow takes to be imported."""
    importlib.import_module("pyarrow.parquet")
    recorded(messages, directory / "recording")
    return measured(lambda: export(directory / "recording", directory / "tables"))


def exported(messages: Sequence[Message], directory: Path) -> float:
    """To the layout of tardis.dev, from files."""
    recorded(messages, directory / "recording")
    return measured(lambda: export(directory / "recording", directory / "tables", as_format="tardis"))


WAYS: dict[str, Callable[[Sequence[Message], Path], float]] = {
    "session": session_alone,
    "flight recorder": with_flight_recorder,
    "recorded": recorded,
    "replay": replayed,
    "export": exported,
    "parquet": exported_to_parquet,
}


def rows_exported(messages: Sequence[Message], directory: Path) -> float:
    """How many rows the tables have, nearly all of them changes of books; no time."""
    recorded(messages, directory)
    return sum(count_rows(table, found) for table, _, found in rows(directory))


FIGURES: dict[str, Callable[[Sequence[Message], Path], float]] = {**WAYS, "on disk": on_disk, "rows": rows_exported}


def one(name: str, file: Path) -> float:
    """In a process of its own: CPython makes code fast for the one class of session that it sees."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recording", "--one", name, "--file", str(file)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    return float(done.stdout)


def print_one(name: str, file: Path) -> None:
    """What `one` runs. No round to warm up: its session would be of another class, which makes the code slower, not faster."""
    messages = pickle.loads(file.read_bytes())
    with tempfile.TemporaryDirectory() as directory:
        print(FIGURES[name](messages, Path(directory)))


def counted(file: Path, count: int, few: int, names: Sequence[str]) -> dict[str, float]:
    """Instructions a message by the name of the way, of all threads: those of the first `few` messages are taken off."""
    printed, counts = instructions_of_forks(
        "-m", "benchmarks.recording", "--forks", "--file", str(file), "--few", str(few), *names
    )
    forks = [line.split("\t") for line in printed.splitlines()]
    taken = {(name, int(share)): counts[int(process)] for process, share, name in forks}
    return {name: (taken[name, count] - taken[name, few]) / (count - few) for name in names}


def fork_each(file: Path, few: int, names: Sequence[str]) -> None:
    """What `counted` runs below valgrind: each way over some and over all messages, in a process of its own."""
    messages = pickle.loads(file.read_bytes())
    for name in names:
        for share in (few, len(messages)):
            child = os.fork()
            if child == 0:
                with tempfile.TemporaryDirectory() as directory:
                    WAYS[name](messages[:share], Path(directory))
                os._exit(0)
            os.waitpid(child, 0)
            print(child, share, name, sep="\t", flush=True)


def main(arguments: Sequence[str]) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.recording", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument(
        "--few", type=int, default=1_000, help="Messages of the shorter of the two runs that are counted."
    )
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    run_below = parser.add_mutually_exclusive_group()
    run_below.add_argument("--forks", action="store_true", help=argparse.SUPPRESS)
    run_below.add_argument("--one", choices=FIGURES, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", default=list(WAYS), metavar="WAY", help=f"Of {', '.join(WAYS)}.")
    chosen = parser.parse_args(arguments)
    if chosen.forks:
        fork_each(chosen.file, chosen.few, chosen.names)
    elif chosen.one:
        print_one(chosen.one, chosen.file)
    else:
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "messages"
            messages = stream(seed=1, count=chosen.messages)
            file.write_bytes(pickle.dumps(messages))  # making them would count for more than all the rest
            measure = print_instructions if chosen.instructions else print_seconds
            measure(chosen, file)


def print_instructions(chosen: argparse.Namespace, file: Path) -> None:
    """A line for each way."""
    found = counted(file, chosen.messages, chosen.few, chosen.names)
    print("instructions a message, all threads")
    for name, count in found.items():
        print(f"{name:<18}{count:>10,.0f}{count / found[chosen.names[0]]:>8.3f} x {chosen.names[0]}")


def print_seconds(chosen: argparse.Namespace, file: Path) -> None:
    """A line for each way, and one for the disk."""
    rounds = [{name: one(name, file) for name in chosen.names} for _ in range(chosen.rounds)]
    print(f"{chosen.messages} messages, a read each; microseconds of CPU a message, all threads")
    for name in chosen.names:
        share = median(found[name] / found[chosen.names[0]] for found in rounds)
        each = median(found[name] for found in rounds) / chosen.messages * 1e6
        print(f"{name:<18}{each:>8.2f}{share:>8.3f} x {chosen.names[0]}")
    count = one("rows", file)
    for name in sorted({"export", "parquet"} & set(chosen.names)):
        print(f"{name:<18}{count / median(found[name] for found in rounds):>8,.0f} rows a second of CPU")
    print(f"on disk: {one('on disk', file):.3f} bytes per byte of inflated payload")


if __name__ == "__main__":
    main(sys.argv[1:])
