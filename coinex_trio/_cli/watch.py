"""`coinex watch`: live tables in a terminal, plain lines in a pipe, JSON Lines with `--json`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, TypeAlias

from attrs import evolve
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
from coinex_trio._cli.keys import can_be_pressed, keyboard
from coinex_trio._cli.lines import lines
from coinex_trio._cli.screens import screen
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.terminal import named
from coinex_trio._cli.view import View

REFRESH: Final = 0.25
"""Seconds between two drawings."""
LISTEN: Final = 0.05
"""Seconds between two looks at the keys."""
FIRST_DATA_WITHIN: Final = 10.0
"""Seconds: tickers and books come several times in that long; a market that has sent nothing by then does not exist."""
IN_JSON: Final[tuple[type[Event], ...]] = (Lost, Restored, SubscribeFailed)
IN_WORDS: Final[tuple[type[Event], ...]] = (Ready, Closed, Retrying, Lost, Restored, SubscribeFailed, LoginFailed)
"""What is shown beside the topics' own events."""

Take: TypeAlias = Callable[[Event], object]


def run_watch(what: str, feed: Feed, seconds: float, *, as_json: bool, out: Console) -> int:
    """Watches until time is up, `q` is pressed, or until it is certain that nothing will come; the exit status.

    Errors name what to do about them.
    """
    try:
        with feed.open_client() as client:
            take: Take
            watched: AbstractContextManager[Watched]
            if as_json:
                take, kinds, watched = _write_json, IN_JSON, nullcontext(Watched())
            elif out.is_terminal:
                seen = Seen(client.stats, connection="connected")
                take, kinds = seen.take, IN_WORDS
                watched = _drawn(View(what=what, whats=tuple(feed.views) or (what,), markets=feed.markets), seen, out)
            else:
                take, kinds, watched = _line_writer(), IN_WORDS, nullcontext(Watched())
            is_watching = True

            def show(event: Event) -> None:
                if is_watching:  # the goodbye is no news
                    take(event)

            def follow(shown: str) -> None:
                if shown not in followed:
                    followed.add(shown)
                    client.subscribe(*feed.views[shown], callback=show)

            followed = {what}
            for kind in kinds:
                client.on(kind)(show)
            client.subscribe(*feed.topics, callback=show)
            if what == "account" and isinstance(client, CoinexClient):
                _show_present(client, show)
            with watched as watching:
                has_seen_enough = _run(client, feed, seconds, watching, follow)
            is_watching = False
            return _report(client, feed, may_be_silent=has_seen_enough)
    except ConnectFailed as error:
        if not feed.hint:
            raise
        raise ConnectFailed(f"{error} ({feed.hint})") from error


class Watched:
    """Somebody who looks on; this one presses no keys and sees no drawing."""

    refresh: float = REFRESH

    def look(self, follow: Callable[[str], object]) -> bool:
        """Takes keys and draws; True when that was enough. `follow` is told of each screen that is switched to."""
        return False


def _run(
    client: BlockingClient, feed: Feed, seconds: float, watching: Watched, follow: Callable[[str], object]
) -> bool:
    """Until the time is up or nothing will come; True when somebody had enough before."""
    began = time.monotonic()
    while (left := began + seconds - time.monotonic()) > 0:
        client.run(seconds=min(watching.refresh, left))
        if watching.look(follow):
            return True
        may_wait = time.monotonic() - began < FIRST_DATA_WITHIN
        if all(_is_hopeless(status, may_wait=may_wait) for status in _asked_for(client, feed)):
            return False
    return False


def _asked_for(client: BlockingClient, feed: Feed) -> list[TopicStatus]:
    """What the command line named, without what keys have added."""
    keys = {topic.key for topic in feed.topics}
    return [status for status in client.topics() if status.topic.key in keys]


def _is_hopeless(status: TopicStatus, *, may_wait: bool) -> bool:
    """Whether nothing will come of it: it was refused, or a state that comes all the time has not come."""
    if status.state == "refused":
        return True
    return not may_wait and status.topic.is_whole_state and _is_silent(status) and status.state == "acknowledged"


def _is_silent(status: TopicStatus) -> bool:
    return status.last_update_at is None and not status.topic.is_private


def _report(client: BlockingClient, feed: Feed, *, may_be_silent: bool) -> int:
    """Names what was refused or never came; the exit status.

    A venue may acknowledge markets that it does not have, and then say nothing of them for ever.
    """
    bad = [
        status
        for status in _asked_for(client, feed)
        if status.state == "refused" or (_is_silent(status) and not may_be_silent)
    ]
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


class _Drawing(Watched):
    """Live tables, and the keys where there are any."""

    def __init__(self, view: View, seen: Seen, live: Live, pressed: Callable[[], list[str]]) -> None:
        self._view, self._seen, self._live, self._pressed = view, seen, live, pressed
        self._drawn_at = -REFRESH
        self.refresh = LISTEN if view.takes_keys else REFRESH

    def look(self, follow: Callable[[str], object]) -> bool:
        before, now = self._view, time.monotonic()
        for key in self._pressed():
            self._view = self._view.pressed(key)
        view = self._view
        if view.is_over:
            return True
        if view.what != before.what:
            follow(view.what)
        if view != before or now - self._drawn_at >= REFRESH:
            self._drawn_at = now
            size = self._live.console.size
            self._live.update(screen(view.what, self._seen, size.width, size.height, now, view), refresh=True)
        return False


@contextmanager
def _drawn(view: View, seen: Seen, out: Console) -> Iterator[Watched]:
    """With keys the drawing has the whole terminal and leaves it as it was; without, the last state stays on the screen."""
    if out.is_dumb_terminal or not can_be_pressed():
        with Live(console=out, auto_refresh=False, vertical_overflow="crop") as live:
            yield _Drawing(view, seen, live, list)
        return
    live = Live(console=out, auto_refresh=False, vertical_overflow="crop", screen=True)
    with keyboard(live.start, live.stop) as pressed:
        yield _Drawing(evolve(view, takes_keys=True), seen, live, pressed)
