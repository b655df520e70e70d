"""The opening of one connection: the commands that a venue wants answered before it is ready.

They go out one after the other. A refusal that may be the clock's fault asks the venue for its time once and begins
again; any other is final. This module must not know any venue, nor how requests travel.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, final

from coinex_proto._connection.venue_clock import Clock
from coinex_proto.commands import Command, Refusal
from coinex_proto.config import Endpoint, Sources
from coinex_proto.dialect import Answer, Dialect, Opening
from coinex_proto.errors import LoginRefused, PayloadError, UsageError

CHECK: Final = "check key, secret and clock"
"""What a refused login is most often due to."""


@final
class SignIn:
    """How far the opening has come."""

    def __init__(self, dialect: Dialect, sources: Sources, clock: Clock, endpoint: Endpoint) -> None:
        self._dialect = dialect
        self._sources = sources
        self._clock = clock
        self._endpoint = endpoint
        self._challenge: bytes | None = None
        self._commands: deque[Command[Any]] = deque()
        self._clock_was_asked = False

    @property
    def is_under_way(self) -> bool:
        """A command is out and waits for its answer."""
        return bool(self._commands)

    @property
    def command(self) -> Command[Any] | None:
        """The one to send now; None: all are answered."""
        return self._commands[0] if self._commands else None

    def challenged(self, challenge: bytes) -> bool:
        """The server's challenge has come; False for a second one, which changes nothing."""
        if self._challenge is not None:
            return False
        self._challenge = challenge
        return True

    def begin(self) -> bool:
        """Make the commands, dated now; False: the dialect waits for the challenge.

        Raises `LoginRefused` when the dialect cannot make them (a token function that failed).
        """
        start = Opening(
            challenge=self._challenge,
            wall_time_ns=self._sources.wall_time_ns() + self._clock.signing_offset_ns,
            random_bytes=self._sources.random_bytes,
            endpoint=self._endpoint,
        )
        try:
            commands = self._dialect.opening(start)
        except UsageError as error:
            raise LoginRefused(None, str(error), may_pass=True) from error
        if commands is None:
            return False
        self._commands = deque(commands)
        return True

    def went_unanswered(self) -> None:
        """Its answer need not come: on to the next one."""
        self._commands.popleft()

    def answered(self, answer: Answer) -> bool:
        """True: on to the next command. False: ask the venue's clock, then `begin` again. Raises `LoginRefused`.

        Neither we nor the error keep a command that has been answered: it may hold a secret.
        """
        refusal = answer.refusal
        if refusal is not None:
            if refusal.is_clock and self._dialect.clock is not None and not self._clock_was_asked:
                self._clock_was_asked = True
                return False
            self._commands.clear()
            raise LoginRefused(
                refusal.code,
                refusal.message,
                hint=self._hint(refusal),
                retryable=refusal.retryable,
                may_pass=refusal.is_undocumented,
            )
        try:
            self._commands.popleft().parse(answer.body)
        except PayloadError as error:
            self._commands.clear()
            raise LoginRefused(None, f"the answer cannot be read: {error}", retryable=True) from error.with_traceback(
                None
            )
        return True

    def _hint(self, refusal: Refusal) -> str:
        text = refusal.hint or CHECK
        if not refusal.retryable and "check" not in text:
            text = f"{text}; {CHECK}"
        if not self._clock.is_known:
            return text
        return f"{text} (ours is {-self._clock.offset_ns / 1e9:+.3f} s off the venue's)"
