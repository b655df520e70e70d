"""`coinex watch`: live tables in a terminal, plain lines in a pipe, JSON Lines with `--json`."""

from __future__ import annotations

import sys
import time
from typing import Final

from rich.console import Console
from rich.live import Live

from coinex_proto import (
    Closed,
    ConnectFailed,
    Event,
    LoginFailed,
    Lost,
    Ready,
    Restored,
    Retrying,
    SubscribeFailed,
    to_json,
)
from coinex_trio import BlockingClient
from coinex_trio._cli.feeds import Feed
from coinex_trio._cli.lines import lines
from coinex_trio._cli.screens import screen
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.terminal import named

REFRESH: Final = 0.25
"""Seconds between two drawings."""
CONNECTION_EVENTS: Final[tuple[type[Event], ...]] = (
    Ready,
    Closed,
    Retrying,
    Lost,
    Restored,
    SubscribeFailed,
    LoginFailed,
)
"""What is shown beside the topics' own events."""


def run_watch(what: str, feed: Feed, seconds: float, *, as_json: bool, out: Console) -> int:
    """Watches until time is up; errors name what to do about them."""
    try:
        with BlockingClient(feed.dialect) as client:
            client.subscribe(*feed.topics)
            if as_json:
                _write_json(client, feed, seconds)
            elif out.is_terminal:
                _draw(what, client, feed, seconds, out)
            else:
                _print_lines(client, feed, seconds)
            _report_silent(client)
    except ConnectFailed as error:
        if not feed.hint:
            raise
        raise ConnectFailed(f"{error} ({feed.hint})") from error
    return 0


def _report_silent(client: BlockingClient) -> None:
    """A venue may acknowledge markets that it does not have, and then say nothing of them for ever."""
    for status in client.topics():
        if status.last_update_at is None and not status.topic.is_private:
            why = status.why or "the exchange has sent nothing; is the name right, and is the market open?"
            sys.stderr.write(f"coinex: {named(status.topic)}: {status.state}, {why}\n")


def _write_json(client: BlockingClient, feed: Feed, seconds: float) -> None:
    """One event a line."""
    for event in client.events(*feed.topics, Lost, Restored, SubscribeFailed, seconds=seconds):
        sys.stdout.write(to_json(event) + "\n")
        sys.stdout.flush()


def _print_lines(client: BlockingClient, feed: Feed, seconds: float) -> None:
    """One event a line, for people."""
    writers = lines(lambda text: sys.stdout.write(text + "\n"))
    for event in client.events(*feed.topics, *CONNECTION_EVENTS, seconds=seconds):
        writers.dispatch(event)
        sys.stdout.flush()


def _draw(what: str, client: BlockingClient, feed: Feed, seconds: float, out: Console) -> None:
    """Live tables; the last state stays on the screen."""
    seen = Seen(client.stats, connection="connected")
    for kind in CONNECTION_EVENTS:
        client.on(kind)(seen.take)
    for topic in feed.topics:
        client.subscribe(topic, callback=seen.take)
    ends_at = time.monotonic() + seconds
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
        while (left := ends_at - time.monotonic()) > 0:
            client.run(seconds=min(REFRESH, left))
            size = out.size
            live.update(screen(what, seen, size.width, size.height, time.monotonic()), refresh=True)
