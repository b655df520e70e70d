"""`coinex guard`: cancels every open order of an account when the heartbeat of the program that placed them stops.

The heartbeat is watched in a thread of its own, so that a file system or a server that hangs is silence and nothing worse. Only
changes count, by the clock of this process: nobody's wall clock has to be right.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, final
from urllib.parse import urlsplit

import httpx2
from attrs import frozen
from rich.console import Console

from coinex_driver.exit_orders import ExitOrder
from coinex_driver.order_sweep import Sweep, carry_out
from coinex_proto import SdkError, Session, UsageError, coinex
from coinex_proto.coinex.http import HttpRefused, Module, futures, spot
from coinex_trio import SYSTEM, BlockingHttp, credentials_from_env
from coinex_trio._cli.terminal import short
from coinex_trio._http.acting import act
from coinex_trio._io.pausing import pause

T = TypeVar("T")

STILL_OPEN: Final = 3
"""Exit status: the heartbeat has stopped, and orders may still stand."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 15.0
"""Seconds between two rounds, twice as long each time."""
ANSWERS_WITHIN: Final = 5.0
"""Seconds that one request for the heartbeat may wait for bytes."""


@frozen(kw_only=True)
class Watch:
    """What is watched, and what is done when it stops."""

    heartbeat: str
    timeout: float
    every: float
    within: float
    give_up_after: float
    modules: tuple[Module, ...]
    markets: tuple[str, ...]
    with_stops: bool
    url: str | None


def run_guard(watch: Watch, out: Console) -> int:
    """Watches until the heartbeat stops, then cancels; the exit status."""
    credentials = credentials_from_env()
    beat = _probe(watch.heartbeat)
    with BlockingHttp(credentials) if watch.url is None else BlockingHttp(credentials, url=watch.url) as http:
        _say(
            out,
            f"guarding {_scope(watch)}: all of it is cancelled when {_shown(watch.heartbeat)} stops for {watch.timeout:g} s",
        )
        if not watch.with_stops:
            _say(out, "stop orders are left standing; --stops cancels them too")
        _look_at_the_key(http, watch, out)
        Heartbeat(beat, watch).wait_until_it_stops(lambda: _say(out, "the heartbeat is there"))
        _say(out, f"no heartbeat for {watch.timeout:g} s: cancelling")
        return _cancel_all(http, watch, out)


def _scope(watch: Watch) -> str:
    where = " and ".join(watch.modules)
    return f"open orders on {where}" + (f" in {', '.join(watch.markets)}" if watch.markets else "")


def _look_at_the_key(http: BlockingHttp, watch: Watch, out: Console) -> None:
    """A guard whose key the venue refuses guards nothing. Raises what it says then; all else may pass."""
    for module in watch.modules:
        listing = spot.ListPendingOrder(limit=1) if module == "spot" else futures.ListPendingOrder(limit=1)
        try:
            http.request(listing)
        except HttpRefused as refusal:
            if refusal.kind in ("auth", "permission"):
                raise
            _say(out, f"the {module} orders cannot be listed now: {refusal}")
        except SdkError as error:
            _say(out, f"the {module} orders cannot be listed now: {error}")


# The heartbeat --------------------------------------------------------------------------------------------------------


def _probe(heartbeat: str) -> Callable[[], object]:
    """A function whose results tell of a beat; None: there was none. Raises `UsageError` for what cannot be watched."""
    parts = urlsplit(heartbeat)
    if parts.scheme in ("http", "https") and "://" in heartbeat:
        if not parts.hostname:
            raise UsageError(f"--heartbeat {_shown(heartbeat)}: this URL has no host")
        return _Answer(heartbeat)
    if "://" in heartbeat:
        raise UsageError(f"--heartbeat {_shown(heartbeat)}: a file, or a URL with http:// or https://")
    path = Path(heartbeat)
    if path.is_dir():
        raise UsageError(f"--heartbeat {heartbeat}: this is a directory; name the file that the program touches")

    def modified() -> object:
        try:
            return path.stat().st_mtime_ns
        except (OSError, ValueError):
            return None

    return modified


@final
class _Answer:
    """A number that grows with each 200 of this URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._count = 0

    def __call__(self) -> object:
        try:
            with (
                httpx2.Client(timeout=ANSWERS_WITHIN, trust_env=False) as client,
                client.stream("GET", self._url) as got,
            ):
                if got.status_code != 200:
                    return None
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError):
            return None
        self._count += 1
        return self._count


def _shown(heartbeat: str) -> str:
    """The file or URL without user, password and query, which may be secrets."""
    if "://" not in heartbeat:
        return heartbeat
    parts = urlsplit(heartbeat)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@final
class Heartbeat:
    """Looks every so often, in a thread, and knows how long it has been silent."""

    def __init__(self, probe: Callable[[], object], watch: Watch) -> None:
        self._probe = probe
        self._watch = watch
        self._beats = 0
        self._is_over = threading.Event()

    def wait_until_it_stops(self, begun: Callable[[], None]) -> None:
        """Returns after so many seconds without a beat. The first one has as long, from now, and calls `begun`.

        Time in which this process did not run does not count: the program may have been fine meanwhile.
        """
        threading.Thread(target=self._look, name="heartbeat", daemon=True).start()
        try:
            self._wait(begun)
        finally:
            self._is_over.set()

    def _wait(self, begun: Callable[[], None]) -> None:
        watch = self._watch
        seen, silent, looked_at = 0, 0.0, SYSTEM.now()
        step = min(watch.every, watch.timeout / 4)
        while silent < watch.timeout:
            pause(SYSTEM, step)
            now = SYSTEM.now()
            silent += min(now - looked_at, 4 * step + 1.0)
            looked_at = now
            if self._beats != seen:
                if not seen:
                    begun()
                seen, silent = self._beats, 0.0

    def _look(self) -> None:
        last = self._probe() if not isinstance(self._probe, _Answer) else None
        while True:
            found = self._probe()
            if found is not None and found != last:
                last = found
                self._beats += 1
            if self._is_over.wait(min(self._watch.every, self._watch.timeout / 4)):
                return


# Cancelling -----------------------------------------------------------------------------------------------------------


def _cancel_all(http: BlockingHttp, watch: Watch, out: Console) -> int:
    """Round after round until nothing is open or it is too late; one line an order at the end, also at that of Ctrl-C."""
    until = SYSTEM.now() + watch.give_up_after
    halves = [Half(module, watch) for module in watch.modules]
    wait = FIRST_PAUSE
    try:
        while troubles := [trouble for half in halves if (trouble := half.sweep(http, until))]:
            if SYSTEM.now() >= until:
                break
            _say(out, f"not done, trying again: {'; '.join(troubles)}")
            pause(SYSTEM, min(wait, max(0.0, until - SYSTEM.now())))
            wait = min(2 * wait, LONGEST_PAUSE)
    finally:
        for half in halves:
            for order in half.ended.values():
                _say(out, _line(half.module, order))
    if troubles:
        _say(out, f"orders may still stand, look at the venue: {'; '.join(troubles)}")
        return STILL_OPEN
    count = sum(len(half.ended) for half in halves)
    _say(out, f"done: nothing is open any more, {count} order{'s have' if count != 1 else ' has'} ended")
    return 0


@final
class Half:
    """One half of the venue, over all rounds."""

    def __init__(self, module: Module, watch: Watch) -> None:
        self.module: Module = module
        self._watch = watch
        self._session = Session(coinex.spot() if module == "spot" else coinex.futures(), SYSTEM.sources)
        """It only keeps what HTTP tells of orders."""
        self.ended: dict[object, ExitOrder] = {}

    def _step(self, work: Callable[[Session, float], T], /) -> T:
        return work(self._session, SYSTEM.now())

    def sweep(self, http: BlockingHttp, until: float) -> str:
        """One round; what is in the way of an end, if anything is."""
        sweep = Sweep(
            self.module,
            self._step,
            min(SYSTEM.now() + self._watch.within, until),
            known=self._session.orders.open(),
            markets=self._watch.markets or None,
            with_stops=self._watch.with_stops,
        )
        try:
            carry_out(sweep.actions(), lambda action: act(action, http, SYSTEM))
        finally:
            self.ended.update({(order.is_stop, order.order.order_id): order for order in sweep.orders})
        if not sweep.is_listed:
            return f"{self.module}: {sweep.why}"
        left = sum(order.outcome == "unknown" for order in sweep.orders)
        return f"{self.module}: {left} orders may still stand" if left else ""


def _line(module: Module, order: ExitOrder) -> str:
    view = order.order
    kind = "stop" if order.is_stop else "order"
    named = f", client id {view.client_order_id}" if view.client_order_id else ""
    price = "the market" if view.price is None else short(view.price)
    what = f"{view.side} {short(view.amount)} at {price}"
    why = f": {order.why}" if order.why else ""
    return f"{order.outcome:<9}  {module} {view.market}  {what}  {kind} {view.order_id}{named}{why}"


def _say(out: Console, text: str) -> None:
    """One line; whatever a peer wrote cannot steer the terminal."""
    out.print("".join(each if each.isprintable() else "?" for each in text))
