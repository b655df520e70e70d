"""`coinex watch`: live tables in a terminal, plain lines in a pipe, JSON Lines with `--json`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias

from rich.console import Console
from rich.live import Live

from coinex_proto import (
    Closed,
    ConnectFailed,
    Event,
    LoginFailed,
    Lost,
    OrderChanged,
    Ready,
    Restored,
    Retrying,
    SdkError,
    SubscribeFailed,
    TopicStatus,
    to_json,
)
from coinex_trio import BlockingClient, CoinexClient
from coinex_trio._cli.feeds import Feed
from coinex_trio._cli.lines import lines
from coinex_trio._cli.screens import screen
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.terminal import named

REFRESH: Final = 0.25
"""Seconds between two drawings."""
FIRST_DATA_WITHIN: Final = 10.0
"""Seconds: tickers and books come several times in that long; a market that has sent nothing by then does not exist."""
IN_JSON: Final[tuple[type[Event], ...]] = (Lost, Restored, SubscribeFailed)
IN_WORDS: Final[tuple[type[Event], ...]] = (Ready, Closed, Retrying, Lost, Restored, SubscribeFailed, LoginFailed)
"""What is shown beside the topics' own events."""

Take: TypeAlias = Callable[[Event], object]


def run_watch(what: str, feed: Feed, seconds: float, *, as_json: bool, out: Console) -> int:
    """Watches until time is up, or until it is certain that nothing will come; the exit status.

    Errors name what to do about them.
    """
    try:
        with feed.open_client() as client:
            take: Take
            if as_json:
                take, kinds, refresh = _write_json, IN_JSON, _nothing()
            elif out.is_terminal:
                seen = Seen(client.stats, connection="connected")
                take, kinds, refresh = seen.take, IN_WORDS, _drawing(what, seen, out)
            else:
                take, kinds, refresh = _line_writer(), IN_WORDS, _nothing()
            is_watching = True

            def show(event: Event) -> None:
                if is_watching:  # the goodbye is no news
                    take(event)

            for kind in kinds:
                client.on(kind)(show)
            client.subscribe(*feed.topics, callback=show)
            if what == "account" and isinstance(client, CoinexClient):
                _show_present(client, show)
            with refresh as redraw:
                _run(client, seconds, redraw)
            is_watching = False
            return _report(client)
    except ConnectFailed as error:
        if not feed.hint:
            raise
        raise ConnectFailed(f"{error} ({feed.hint})") from error


def _run(client: BlockingClient, seconds: float, redraw: Callable[[], object]) -> None:
    began = time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        client.run(seconds=min(REFRESH, left))
        redraw()
        may_wait = time.monotonic() - began < FIRST_DATA_WITHIN
        if all(_is_hopeless(status, may_wait=may_wait) for status in client.topics()):
            return


def _is_hopeless(status: TopicStatus, *, may_wait: bool) -> bool:
    """Whether nothing will come of it: it was refused, or a state that comes all the time has not come."""
    if status.state == "refused":
        return True
    return not may_wait and status.topic.is_whole_state and _is_silent(status) and status.state == "acknowledged"


def _is_silent(status: TopicStatus) -> bool:
    return status.last_update_at is None and not status.topic.is_private


def _report(client: BlockingClient) -> int:
    """Names what was refused or never came; the exit status.

    A venue may acknowledge markets that it does not have, and then say nothing of them for ever.
    """
    bad = [status for status in client.topics() if status.state == "refused" or _is_silent(status)]
    for status in bad:
        why = status.why or "the exchange has sent nothing; is there such a market (`coinex markets`), and is it open?"
        sys.stderr.write(f"coinex: {named(status.topic)}: {status.state}, {why}\n")
    return 1 if bad else 0


def _show_present(client: CoinexClient, take: Take) -> None:
    """Balances, positions and open orders as they are now: the socket tells changes only."""
    try:
        for balance in client.balances().values():
            take(balance)
        for order in client.open_orders():
            take(OrderChanged(order=order.snapshot()))
    except SdkError as error:
        sys.stderr.write(f"coinex: only changes are shown, for the present state cannot be queried: {error}\n")


def _write_json(event: Event) -> None:
    """One event a line."""
    sys.stdout.write(to_json(event) + "\n")
    sys.stdout.flush()


def _line_writer() -> Take:
    """One event a line, for people."""
    writers = lines(lambda text: sys.stdout.write(text + "\n"))

    def take(event: Event) -> None:
        writers.dispatch(event)
        sys.stdout.flush()

    return take


@contextmanager
def _nothing() -> Iterator[Callable[[], object]]:
    yield lambda: None


@contextmanager
def _drawing(what: str, seen: Seen, out: Console) -> Iterator[Callable[[], object]]:
    """Live tables; the last state stays on the screen."""
    with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:

        def redraw() -> None:
            size = out.size
            live.update(screen(what, seen, size.width, size.height, time.monotonic()), refresh=True)

        yield redraw
