"""The loop around the steps of a call over HTTP in the calling thread: bytes move and time passes here.

What is sent, when, and how often decides the generator of steps, of whichever venue. The exchange's certificate is
verified, and the environment's proxies are not used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from coinex_driver.http.calls import STOPPED, refuse_closed
from coinex_driver.http.wire import TOO_LARGE, TOO_SLOW, UNTIL, PoolSettings, httpx2, too_many, what_is_proved, wire
from coinex_proto import NotReady, OutcomeUnknown, SdkError
from coinex_proto.coinex.http import HttpRequest, NoReply, Pause, Reply, Steps, Woken
from coinex_trio._http.signals import HeldSignals
from coinex_trio._http.sockets import SocketTransport
from coinex_trio._http.streams import Patience
from coinex_trio.network import Network

R = TypeVar("R")


class BlockingCalls:
    """Calls in the calling thread, one at a time. Base class only."""

    def __init__(self, settings: PoolSettings, network: Network, transport: httpx2.BaseTransport | None) -> None:
        """Nothing is opened yet. `transport` replaces the sockets."""
        self._config = settings.config
        self._origin = settings.place.origin
        self._network = network
        self._patience = Patience(network)
        self._stops_by: Callable[[], float] = _never
        transport = transport or SocketTransport(settings, network, self._patience)
        self._pool = httpx2.Client(**{**settings.arguments(), "proxy": None}, transport=transport)

    def end_with(self, stops_by: Callable[[], float]) -> None:
        """`stops_by` says until when a call under way may go on: infinity until the client that it belongs to is stopped.

        A call that is made after that has its own time: orders may be cancelled on the way out.
        """
        self._stops_by = stops_by

    def close(self) -> None:
        """Ends the connections. May be called twice."""
        with HeldSignals():
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, steps: Steps[R], until: float = math.inf) -> R:
        refuse_closed(self._pool)
        is_late = self._stops_by() < math.inf
        self._patience.stops_by = stops_by = _never if is_late else self._stops_by
        has_changed = False
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    self._sleep(step.seconds, until)
                    step = steps.send(Woken(self._network.now()))
                else:
                    has_changed = has_changed or step.request.method != "GET"
                    step = steps.send(self._exchange(step.request, until))
                if stops_by() < math.inf:
                    raise _stopped(has_changed=has_changed)
                if self._network.now() >= until:
                    raise TimeoutError("no answer over HTTP in time")
        except StopIteration as stop:
            result: R = stop.value
            return result
        finally:
            steps.close()

    def _sleep(self, seconds: float, until: float) -> None:
        until = min(until, self._network.now() + seconds)
        while self._network.now() < until and self._patience.stops_by() == math.inf:
            self._patience.pause(until)

    def _exchange(self, request: HttpRequest, until: float) -> Reply | NoReply:
        deadline = min(until, self._network.now() + self._config.open_timeout + self._config.request_timeout)
        sent = wire(self._origin, request)
        sent.extensions[UNTIL] = deadline
        try:
            with HeldSignals() as self._patience.held:
                response = self._pool.send(sent, stream=True)
                try:
                    return self._read(response, deadline)
                finally:
                    response.close()
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            why, was_sent, timed_out = what_is_proved(error)
            now = self._network.now()
            why = TOO_SLOW if timed_out and was_sent and now >= deadline else why
            return NoReply(now=now, why=why, was_sent=was_sent, timed_out=timed_out)

    def _read(self, response: httpx2.Response, deadline: float) -> Reply | NoReply:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            now = self._network.now()
            if len(body) > self._config.max_message_bytes:
                return NoReply(now=now, why=TOO_LARGE, was_sent=True)
            if now > deadline:
                return NoReply(now=now, why=TOO_SLOW, was_sent=True, timed_out=True)
        if why := too_many(body, self._config):
            return NoReply(now=self._network.now(), why=why, was_sent=True)
        headers = tuple(response.headers.multi_items())
        return Reply(now=self._network.now(), status=response.status_code, headers=headers, body=bytes(body))


def _stopped(*, has_changed: bool) -> SdkError:
    if has_changed:
        return OutcomeUnknown(STOPPED)
    return NotReady("the client was stopped before HTTP had answered; nothing was sent that changes anything")


def _never() -> float:
    return math.inf
