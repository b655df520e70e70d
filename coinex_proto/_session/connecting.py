"""Where one session stands between its connections: what to do next, since when, and how the last one ended.

Keeps what `ReconnectPolicy` decides on. Knows no topics, no requests and no venue.
"""

from __future__ import annotations

from typing import Final, final

from coinex_proto._session.reconnect import Ending, NextStep, Open, ReconnectPolicy, Stop, Wait
from coinex_proto.config import Config, Endpoint, Sources
from coinex_proto.dialect import Dialect
from coinex_proto.errors import ConnectFailed, HandshakeRefused, LoginRefused, SdkError, UsageError
from coinex_proto.events import Closed, Retrying

SIGN_IN_STATUSES: Final = frozenset({401, 403})


@final
class Connecting:
    """The way from one connection of a session to the next."""

    def __init__(self, dialect: Dialect, config: Config, sources: Sources) -> None:
        self._dialect = dialect
        self._policy = ReconnectPolicy(config, sources)
        self._endpoint: Endpoint | None = None
        self._retry_at: float | None = None
        self._down_since: float | None = None
        """Since when nothing is ready, or was tried for the first time."""
        self._last_why = ""
        self._last_error: SdkError | None = None
        self._stop: Stop | None = None
        self._ready_at: float | None = None
        self._closed: Closed | None = None
        self._login_error: LoginRefused | None = None
        self._ended_in_opening = False
        self.opening_since = 0.0
        """When the transport was asked for: connecting and the upgrade have one time-out."""

    @property
    def is_stopped(self) -> bool:
        """No further connection will be made."""
        return self._stop is not None

    def next_step(self, now: float) -> NextStep:
        """What the driver must do while there is no connection."""
        if self._stop is not None:
            return self._stop
        gives_up_at = self._gives_up_at(now)
        if gives_up_at is not None and now >= gives_up_at:
            self._stop = Stop(self._given_up())
            return self._stop
        if self._retry_at is not None and now < self._retry_at:
            return Wait(self._retry_at if gives_up_at is None else min(self._retry_at, gives_up_at))
        self._endpoint = self._dialect.endpoint
        self.opening_since = now
        return Open(self._endpoint.host, self._endpoint.port, self._endpoint.tls)

    def _gives_up_at(self, now: float) -> float | None:
        if self._down_since is None:
            self._down_since = now
        limit = self._policy.config.give_up_after
        return None if limit is None else self._down_since + limit

    def _given_up(self) -> SdkError:
        if isinstance(self._last_error, LoginRefused):
            return self._last_error
        limit = self._policy.config.give_up_after
        error = ConnectFailed(f"not ready for {limit:g} s (Config.give_up_after); the last attempt: {self._last_why}")
        error.__cause__ = self._last_error
        return error

    def connected(self) -> Endpoint:
        """The transport is there; where it leads."""
        if self._endpoint is None:
            raise UsageError("connected() answers the Open of next_step()")
        self._ready_at = self._closed = self._login_error = None
        self._ended_in_opening = False
        return self._endpoint

    def ready(self, now: float) -> bool:
        """Signed in. True: not for the first time."""
        was_ever_ready, self._policy.was_ever_ready = self._policy.was_ever_ready, True
        self._ready_at = now
        self._retry_at = self._down_since = None
        return was_ever_ready

    def login_failed(self, error: LoginRefused) -> None:
        """The venue refused the credentials."""
        self._login_error = error

    def closed(self, event: Closed) -> None:
        """The connection said how it ended."""
        self._closed = event
        self._ended_in_opening = self._ready_at is None and event.reason.error is None and self._login_error is None

    def check_begun(self) -> None:
        """Raises `UsageError` where there is nothing that could end."""
        if self._endpoint is None:
            raise UsageError("disconnected() ends what the Open of next_step() began")

    def disconnected(self, why: str | ConnectFailed, now: float, *, was_connected: bool) -> Retrying | None:
        """The transport is gone, or never was; the next attempt, or None when there is none."""
        endpoint, self._endpoint = self._endpoint, None
        if self._stop is not None:
            return None
        error = None if self._closed is None else self._closed.reason.error
        login_error = self._login_error
        if endpoint is not None and endpoint.carries_credentials and login_error is None:
            login_error = _refused_at_the_upgrade(error)
        if not was_connected:
            assert endpoint is not None
            text = f"cannot connect to {endpoint.host}:{endpoint.port}" + (f": {why}" if why else "")
            error = why if isinstance(why, ConnectFailed) else ConnectFailed(text)
        closed = self._closed.reason if was_connected and self._closed is not None else None
        ending = Ending(
            error=error,
            login_error=login_error if was_connected else None,
            ended_in_opening=was_connected and self._ended_in_opening,
            ready_at=self._ready_at if was_connected else None,
            why=str(closed) if closed is not None else "",
            code=None if closed is None else closed.code,
        )
        if self._down_since is None:
            self._down_since = now
        self._last_error = ending.error or ending.login_error
        self._last_why = str(self._last_error or ending.why)
        step = self._policy.after(ending, now)
        if isinstance(step, Stop):
            self._stop = step
            return None
        self._retry_at = step
        return Retrying(attempt=self._policy.failures, at=step, why=self._last_why)

    def stop(self) -> None:
        """The caller wants no more."""
        if self._stop is None:
            self._stop = Stop(None)


def _refused_at_the_upgrade(error: ConnectFailed | None) -> LoginRefused | None:
    """The sign-in was refused before there was a socket to say so."""
    if not isinstance(error, HandshakeRefused) or error.status not in SIGN_IN_STATUSES:
        return None
    said = error.body.decode("utf-8", "replace")
    refused = LoginRefused(
        error.status, said, hint="check the key (or token), and whether the venue accepts this address", may_pass=True
    )
    refused.__cause__ = error
    return refused
