"""What becomes of one call: sign, send, read, and repeat where that is safe. No I/O: the steps of `HttpCaller.request` are
yielded to a driver. Only calls that change nothing are ever repeated.

Source: OpenAPI files of the venue: HMAC-SHA256 over `nonce:timestamp`, in four headers.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar, final

from attrs import field, frozen

from coinex_proto._http.steps import LONGEST_PAUSE, HttpRequest, NoReply, Pause, Reply, Send, Steps, Woken, asked_pause
from coinex_proto.config import Backoff, Sources
from coinex_proto.errors import SdkError, UsageError, quoted
from coinex_proto.qfex.credentials import HmacCredentials
from coinex_proto.qfex.http.answer import no_answer, parse
from coinex_proto.qfex.http.command import HttpCommand
from coinex_proto.rows import unreadable_in

R = TypeVar("R")

HTTP_URL: Final = "https://api.qfex.com"
NONCE_BYTES: Final = 16


@frozen(kw_only=True)
class HttpOptions:
    """How calls are repeated, and where they go."""

    base_path: str = ""
    host: str = "api.qfex.com"
    """For error messages."""
    account_id: str | None = None
    """Of a subaccount, to act for."""
    retries: int = 3
    """How often a call that changes nothing is repeated."""
    backoff: Backoff = field(factory=lambda: Backoff(first=0.25, ceiling=5.0))


def build(
    command: HttpCommand[Any],
    credentials: HmacCredentials | None = None,
    *,
    nonce: str = "",
    unix_ts: int = 0,
    account_id: str | None = None,
    base_path: str = "",
) -> HttpRequest:
    """The request for a call, signed where it must be. Raises `UsageError` when credentials are missing."""
    headers = [("Accept", "application/json" if command.reads is not str else "text/csv")]
    if command.method == "POST":
        headers.append(("Content-Type", "application/json"))
    if command.is_signed:
        if credentials is None:
            raise UsageError(f"Authentication required: {command.endpoint} needs qfex.HmacCredentials")
        headers += [
            ("x-qfex-public-key", credentials.public_key),
            ("x-qfex-nonce", nonce),
            ("x-qfex-timestamp", str(unix_ts)),
            ("x-qfex-hmac-signature", credentials.sign(nonce, unix_ts)),
        ]
        if account_id is not None:
            headers.append(("x-qfex-requested-account-id", account_id))
    return HttpRequest(
        method=command.method, target=base_path + command.target, headers=tuple(headers), body=command.body
    )


@final
class HttpCaller:
    """One account at one address."""

    def __init__(
        self, sources: Sources, credentials: HmacCredentials | None = None, options: HttpOptions | None = None
    ) -> None:
        if credentials is not None and not isinstance(credentials, HmacCredentials):
            raise UsageError("QFEX over HTTP signs with qfex.HmacCredentials; a token is for the socket")
        self._sources = sources
        self._credentials = credentials
        self._options = options if options is not None else HttpOptions()
        self.unreadable_fields: int = 0
        """Members of answers that are None because they could not be read; they stand in `extra` of their rows."""

    def request(self, command: HttpCommand[R], now: float) -> Steps[R]:
        """The steps of one call; returns its result.

        Raises what `parse` raises, `HttpUnreachable` when nothing was sent, `HttpTimedOut`, and `UsageError` for what is no
        call, or when credentials are missing.
        """
        if not isinstance(command, HttpCommand):
            raise UsageError(f"a call was expected, for example http.GetRefdata(), not {quoted(command)}")
        failures = 0
        while True:
            reply = yield Send(self._built(command))
            assert not isinstance(reply, Woken), "a driver answers Send with Reply or NoReply"
            try:
                return self._result_of(command, reply)
            except SdkError as error:
                failures += 1
                asked = asked_pause(reply, error, self._sources.wall_time_ns() / 1e9)
                is_passing = bool(getattr(error, "retryable", False)) and asked <= LONGEST_PAUSE
                if command.changes_something or not is_passing or failures > self._options.retries:
                    raise
            yield Pause(max(self._delay(failures), asked))

    def _built(self, command: HttpCommand[Any]) -> HttpRequest:
        return build(
            command,
            self._credentials,
            nonce=self._sources.random_bytes(NONCE_BYTES).hex(),
            unix_ts=self._sources.wall_time_ns() // 10**9,
            account_id=self._options.account_id,
            base_path=self._options.base_path,
        )

    def _result_of(self, command: HttpCommand[R], reply: Reply | NoReply) -> R:
        if isinstance(reply, Reply):
            result = parse(command, reply.status, reply.body)
            self.unreadable_fields += unreadable_in(result)
            return result
        host = self._options.host
        raise no_answer(command, reply.why, host=host, was_sent=reply.was_sent, timed_out=reply.timed_out)

    def _delay(self, failures: int) -> float:
        share = int.from_bytes(self._sources.random_bytes(2), "big") / 0xFFFF
        return self._options.backoff.step(failures) * (0.1 + 0.9 * share)
