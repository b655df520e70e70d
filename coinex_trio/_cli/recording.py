"""`coinex record`, `coinex replay` and what else is done with recordings."""

from __future__ import annotations

import json
import logging
import math
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from coinex_proto import Config, SdkError, UsageError, coinex, coinflex, qfex, to_json
from coinex_recorder import RecordingFiles, check, replay
from coinex_trio import BlockingClient
from coinex_trio._cli.commands import finish
from coinex_trio._cli.feeds import MARKET_TOPICS, Topics, coinex_dialect
from coinex_trio._cli.times import moment, speed_of

LINE_EVERY: Final = 60.0
"""Seconds between two lines in a log."""
DRAWN_EVERY: Final = 1.0
"""Seconds between two looks at the rate on a terminal."""
FAILED: Final = 1

QFEX_TOPICS: Final = {"book": qfex.Level2, "trades": qfex.Trades, "quotes": qfex.Bbo}
COINFLEX_TOPICS: Final = {"book": coinflex.OrderBook, "ticker": coinflex.Ticker}
COINEX_TOPICS: Final = {**MARKET_TOPICS, "quotes": coinex.BestQuote, "index": coinex.Index}
HELP: Final = "KIND:MARKET, such as book:BTCUSDT or trades:AAPL-USD; kinds: book, trades, quotes, ticker, index."


def topics_of(venue: str, texts: tuple[str, ...]) -> Topics:
    """The topics of `KIND:MARKET`. Raises `UsageError`."""
    kinds: dict[str, Callable[..., object]] = {
        "coinex": COINEX_TOPICS, "qfex": QFEX_TOPICS, "coinflex": COINFLEX_TOPICS
    }[venue]  # type: ignore[assignment]  # fmt: skip
    found: list[object] = []
    for text in texts:
        kind, _, market = text.partition(":")
        if kind not in kinds or not market:
            raise UsageError(f"{text!r} is no topic: say KIND:MARKET, with a kind of {', '.join(kinds)}")
        names = coinflex.ASSETS_2020.pair(market) if venue == "coinflex" else (market,)
        found.append(kinds[kind](*names))
    return tuple(found)  # type: ignore[arg-type]


@click.command()
@click.argument("topics", nargs=-1, required=True)
@click.option("--to", "directory", type=click.Path(path_type=Path), required=True, help="The directory for the files.")
@click.option("--venue", type=click.Choice(["coinex", "coinflex", "qfex"]), default="coinex", show_default=True)
@click.option("--url", help="Of the socket; the venue's own by default.")
@click.option("--futures", "is_futures", is_flag=True, help="Futures instead of spot (CoinEx).")
@click.option("--seconds", type=click.FloatRange(min=0.1), default=math.inf, help="How long; for ever by default.")
@click.option("--max-megabytes", type=click.FloatRange(min=0.001), default=256.0, show_default=True, help="Of a file.")
@click.option("--max-minutes", type=click.FloatRange(min=0.001), default=60.0, show_default=True, help="Of a file.")
def record(
    topics: tuple[str, ...],
    directory: Path,
    venue: str,
    url: str | None,
    is_futures: bool,
    seconds: float,
    max_megabytes: float,
    max_minutes: float,
) -> None:
    """Record markets to files, for weeks. TOPICS are KIND:MARKET, such as book:BTCUSDT.

    SIGTERM and Ctrl-C end the file properly, SIGHUP begins a new one. Exit status 1 when it could not be written any more.
    """

    def work() -> int:
        wanted = topics_of(venue, topics)
        if venue == "coinex":
            dialect = coinex_dialect(url, None, is_futures=is_futures)
        elif venue == "qfex":
            dialect = qfex.mds() if url is None else qfex.mds(url=url)
        else:
            dialect = coinflex.live() if url is None else coinflex.live(url=url)
        try:
            files = RecordingFiles(directory, max_bytes=int(max_megabytes * 2**20), max_seconds=max_minutes * 60)
        except OSError as error:
            raise SdkError(f"cannot record to {directory}: {error.strerror or error}") from error
        with files:
            client = BlockingClient(dialect, config=Config(recorder=files, retry_first=True))
            client.subscribe(*wanted)
            return _record(client, files, seconds)

    finish(work)


def _record(client: BlockingClient, files: RecordingFiles, seconds: float) -> int:
    is_asked = False

    def end(*_: object) -> None:
        nonlocal is_asked
        is_asked = True
        client.stop()

    logging.getLogger("coinex_recorder").addHandler(logging.NullHandler())  # what ends a recording is said once, below
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGHUP, lambda *_: files.rotate())
    began = told_at = time.monotonic()
    is_terminal = sys.stderr.isatty()
    messages = 0
    with client:
        while not is_asked and time.monotonic() - began < seconds:
            client.run(seconds=min(DRAWN_EVERY, seconds - (time.monotonic() - began)))
            if not files.is_recording:
                break
            now = time.monotonic()
            if is_terminal or now - told_at >= LINE_EVERY:
                rate = (client.stats.messages - messages) / max(now - told_at, 1e-9)
                told_at, messages = now, client.stats.messages
                text = f"{rate:.0f} messages/s, {files.bytes_written / 2**20:.1f} MiB, {client.stats.gaps} gaps"
                sys.stderr.write(f"\r\x1b[K{text}" if is_terminal else f"coinex: {text}\n")
                sys.stderr.flush()
    files.close()
    if is_terminal:
        sys.stderr.write("\n")
    if files.error is not None:
        where = files.paths[-1] if files.paths else files.directory
        raise SdkError(
            f"the recording has ended: {getattr(files.error, 'strerror', None) or files.error}; what was written is in {where}"
        )
    for path in files.paths:
        sys.stdout.write(f"{path}\n")
    return 0


@click.command(name="replay")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--speed", type=speed_of, default="max", show_default=True, help="1: as it was; 10: ten times as fast; max."
)
@click.option("--from", "start", type=moment, help="Unix seconds, or a time in ISO 8601.")
@click.option("--to", "end", type=moment, help="As --from.")
@click.option("--any-version", is_flag=True, help="Also a recording of another version of the SDK.")
def replay_command(path: Path, speed: float, start: float | None, end: float | None, any_version: bool) -> None:
    """Play a recording: the identical events, as JSON Lines, in order."""

    def work() -> int:
        played = replay(
            path,
            start=-math.inf if start is None else start,
            end=math.inf if end is None else end,
            any_version=any_version,
        )
        began, first = time.monotonic(), None
        for step in played.steps():
            if speed < math.inf:
                first = step.now if first is None else first
                time.sleep(max(0.0, began + (step.now - first) / speed - time.monotonic()))
            for event in step.events:
                sys.stdout.write(to_json(event) + "\n")
            if speed < math.inf:
                sys.stdout.flush()
        for difference in played.differences[:1]:
            sys.stderr.write(f"coinex: the replay counts otherwise than the live client did: {difference}\n")
        if played.header is not None and played.header.why:
            sys.stderr.write(f"coinex: it was written because {played.header.why}\n")
        return 0

    finish(work)


@click.group()
def recording() -> None:
    """Say what a recording proves."""


@recording.command(name="check")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--any-version", is_flag=True, help="Also a recording of another version of the SDK.")
@click.option("--json", "as_json", is_flag=True, help="One object of JSON.")
def check_command(path: Path, any_version: bool, as_json: bool) -> None:
    """What PATH, a file or a directory, proves: topic by topic, in minutes and messages. Exit status 1: it is not whole."""

    def work() -> int:
        report = check(path, any_version=any_version)
        if as_json:
            topics = {
                one.topic: {
                    "proved": one.live_seconds,
                    "wanted": one.wanted_seconds,
                    "messages": one.messages,
                    "losses": one.losses,
                }
                for one in report.topics.values()
            }
            found = {
                "name": report.name,
                "is_whole": report.is_whole,
                "is_ended": report.is_ended,
                "is_cut": report.is_cut,
                "topics": topics,
            }
            sys.stdout.write(json.dumps(found) + "\n")
        else:
            sys.stdout.write(report.text() + "\n")
        return 0 if report.is_whole else FAILED

    finish(work)


@click.command(name="export")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--to", "directory", type=click.Path(path_type=Path), required=True, help="The directory for the tables.")
@click.option("--format", "as_format", type=click.Choice(["parquet", "tardis"]), default="parquet", show_default=True)
@click.option(
    "--exchange", help="What the tables call it, for readers that know a list of names only (nautilus_trader)."
)
@click.option("--any-version", is_flag=True, help="Also a recording of another version of the SDK.")
def export_command(path: Path, directory: Path, as_format: str, exchange: str | None, any_version: bool) -> None:
    """Write a recording as tables: Parquet with exact decimals, or the CSV layouts of tardis.dev."""

    def work() -> int:
        from coinex_recorder.exporting import export

        try:
            written = export(
                path,
                directory,
                as_format=as_format,  # type: ignore[arg-type]
                exchange=exchange,
                any_version=any_version,
            )
        except OSError as error:
            raise SdkError(f"cannot write to {directory}: {error.strerror or error}") from error
        for one in written:
            sys.stdout.write(f"{one}\n")
        return 0

    finish(work)


@click.command(name="plot")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--market", help="Which; the first with a book by default.")
@click.option("--to", "image", type=click.Path(path_type=Path), required=True, help="A .png or .html file.")
@click.option("--any-version", is_flag=True, help="Also a recording of another version of the SDK.")
def plot_command(path: Path, market: str | None, image: Path, any_version: bool) -> None:
    """Draw a market of a recording: depth, mid, spread, trades, latency; gaps are hatched."""

    def work() -> int:
        from coinex_recorder.plotting import plot

        try:
            plot(path, image, market=market, any_version=any_version)
        except OSError as error:
            raise SdkError(f"cannot write {image}: {error.strerror or error}") from error
        sys.stdout.write(f"{image}\n")
        return 0

    finish(work)


COMMANDS: Final = (record, replay_command, recording, export_command, plot_command)
