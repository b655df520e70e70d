"""The reconnect policy: what to do after a connection has ended, and when.

Pure decisions on counters and times; knows no connection, no topics and no venue.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from attrs import define, frozen

from coinex_proto._connection.sign_in import CHECK
from coinex_proto._wire.retry_after import retry_after
from coinex_proto.config import Config, Sources
from coinex_proto.errors import ConnectFailed, HandshakeRefused, LoginRefused, ProxyError, SdkError

WRONG_KEY_STATUSES: Final = frozenset({401, 403, 407})
"""Wrong key, blocked address, proxy login: before the first `Ready` trying again cannot help and may get the address banned.
After it the same answer comes from a gateway that restarts or counts connections, and passes.
"""
PROXY_LOGIN: Final = 407
"""From a proxy of the user's own at the first attempt: its login is wrong, and trying again may lock the account."""
WRONG_KEY_CLOSES: Final = frozenset({1008, 3000, 3003})
"""Close codes (RFC 6455 and IANA's registry) that refuse a login: policy violation, unauthorized, forbidden. All others, and
an end without any, say nothing about the key.
"""
MAX_RETRY_AFTER: Final = 900.0
"""Seconds: a server may ask us to stay away for 15 minutes, not for ever."""
BUSY_PAUSE: Final = 1.0
"""Seconds: the least wait after a login that the venue was too busy for (CoinEx 23002: at least 1 s)."""
MAX_CLOSED_LOGINS: Final = 3
"""A venue may refuse a login by closing with one of these: so often in a row, before the first `Ready`, is taken for that."""


@frozen
class Open:
    """Open a transport to this host, then call `connected`; or `disconnected` when that fails."""

    host: str
    port: int
    tls: bool


@frozen
class Wait:
    """Nothing to connect before `until` (seconds on the clock of `now`)."""

    until: float


@frozen
class Stop:
    """It is over; `error` is None when the caller wanted it."""

    error: SdkError | None = None


NextStep: TypeAlias = Open | Wait | Stop


@frozen(kw_only=True)
class Ending:
    """How a connection, or the attempt to open one, ended."""

    error: ConnectFailed | None
    """It never opened."""
    login_error: LoginRefused | None
    ended_in_opening: bool
    """It ended between the upgrade and the last answer of the opening."""
    ready_at: float | None
    """When it became ready; None: never."""
    why: str = ""
    """What the connection said of its end, if it was made."""
    code: int | None = None
    """The close code of that end."""


@define
class ReconnectPolicy:
    """Counts failures and decides.

    Before the first `Ready` only what says that the key is wrong is final (and a first connection that fails, unless
    `retry_first`); after it only the venue's own and documented word about the key. All else is tried again, after a wait
    that grows: that bounds how often anybody can make us sign in.
    """

    config: Config
    sources: Sources
    was_ever_ready: bool = False
    failures: int = 0
    closed_logins: int = 0

    def after(self, ending: Ending, now: float) -> Stop | float:
        """Stop, or the time of the next attempt."""
        if ending.login_error is not None and self._is_wrong_key(ending.login_error):
            return Stop(ending.login_error)
        if ending.error is not None and self._is_final(ending.error):
            return Stop(ending.error)
        is_closed_login = ending.ended_in_opening and ending.code in WRONG_KEY_CLOSES and not self.was_ever_ready
        self.closed_logins = self.closed_logins + 1 if is_closed_login else 0
        if self.closed_logins >= MAX_CLOSED_LOGINS:
            why = f"{self.closed_logins} connections in a row ended before the login was answered"
            return Stop(LoginRefused(None, why, hint=f"the last one: {ending.why}; {CHECK}"))
        if ending.ready_at is not None and now - ending.ready_at >= self.config.backoff.stable_after:
            self.failures = 0
        self.failures += 1
        asked = 0.0
        if isinstance(ending.error, HandshakeRefused):
            asked = min(retry_after(ending.error.headers, self.sources.wall_time_ns() / 1e9), MAX_RETRY_AFTER)
        if ending.login_error is not None:
            asked = BUSY_PAUSE
        return now + max(self._delay(), asked)

    def _is_wrong_key(self, error: LoginRefused) -> bool:
        return not (error.may_pass if self.was_ever_ready else error.retryable)

    def _is_final(self, error: ConnectFailed) -> bool:
        if self.was_ever_ready:
            return False
        if isinstance(error, HandshakeRefused) and error.status in WRONG_KEY_STATUSES:
            return True
        if isinstance(error, ProxyError) and error.status == PROXY_LOGIN:
            return True
        return not self.config.retry_first

    def _delay(self) -> float:
        fraction = int.from_bytes(self.sources.random_bytes(4)) / 2**32
        return self.config.backoff.step(self.failures) * (0.1 + 0.9 * fraction)
