"""Private topics proved by private means: a venue that forgets a sign-in says nothing, and its pings are answered as before.

While private topics are live and bring nothing, a cheap private request goes out at an interval; the venue names it
(`Dialect.private_check`). Its answer proves the sign-in, and where it asks for the topics once more, these as well. One that
is refused or not answered is asked again soon; then the connection is given up, and the next one signs in. Knows no venue.
"""

from __future__ import annotations

from typing import Any, Final, final

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._session.subscriptions import Subscriptions, topics_of
from coinex_proto.config import Config
from coinex_proto.connection import Connection
from coinex_proto.dialect import Dialect
from coinex_proto.events import Failed, Replied
from coinex_proto.ids import RequestId
from coinex_proto.statistics import Statistics

REPEAT_AFTER: Final = 2.0
"""Seconds from a check that failed to the next one: an error may be of another request, where the venue does not say of which."""
MAX_FAILURES: Final = 2
"""So many failed checks in a row end the connection."""
MAX_CONNECTIONS: Final = 2
"""So many connections in a row whose first checks all failed, although they had just signed in: the venue does not take such
checks, and no more are made. Else one connection after the other would be ended for nothing."""


@final
class PrivateCheck:
    """The private checks of one session."""

    def __init__(
        self, dialect: Dialect, config: Config, subscriptions: Subscriptions, stats: Statistics, agenda: Agenda
    ) -> None:
        self._dialect = dialect
        # A dialect that implements the protocol without inheriting from it may not have it: then nothing is asked.
        self._commands = getattr(dialect, "private_check", lambda _: ())
        self._interval = config.private_check_interval
        self._subscriptions = subscriptions
        self._stats = stats
        self._agenda = agenda
        self._asked: set[RequestId] = set()
        self._failed_before: set[RequestId] = set()
        """Those of checks that have failed: what is answered to them later is no user's business either."""
        self._proved_at = 0.0
        self._failures = 0
        self._vain_connections = 0
        self._has_passed = False
        """On this connection."""

    def connection_ready(self, now: float) -> None:
        """Signed in: that is proof for one interval."""
        self._proved_at, self._failures, self._has_passed = now, 0, False
        if self._dialect.has_credentials and self._interval is not None and self._vain_connections < MAX_CONNECTIONS:
            self._agenda.add_at(Item.PRIVATE_CHECK, now + self._interval)

    def connection_lost(self) -> None:
        """What was asked is answered no more."""
        self._asked.clear()
        self._failed_before.clear()
        self._agenda.cancel(Item.PRIVATE_CHECK)

    def handle_timeout(self, connection: Connection, now: float) -> None:
        """Ask, if it is time and nothing private has come lately."""
        if not self._agenda.take_due(Item.PRIVATE_CHECK, now) or self._interval is None:
            return
        live = [one for one in self._subscriptions.wanted() if one.is_private and one.verification.is_live]
        due = self.last_proof_at() + self._interval
        if not self._failures and now < due:
            self._agenda.add_at(Item.PRIVATE_CHECK, due)
            return
        for command in self._commands(topics_of(live)) if live else ():
            self._asked.add(connection.submit(command, now, is_topic_request=True))
            self._stats.private_checks += 1
        if not self._asked:
            self._agenda.add_at(Item.PRIVATE_CHECK, now + self._interval)

    def last_proof_at(self) -> float:
        """When the venue last showed, on this connection, that it knows who we are."""
        private = (one.verification.last_update_at for one in self._subscriptions.wanted() if one.is_private)
        return max([self._proved_at, *(at for at in private if at is not None)])

    def answered(self, event: Replied[Any] | Failed, connection: Connection, now: float) -> bool:
        """Whether this was the answer to a check; then it is dealt with."""
        if event.request_id not in self._asked:
            return event.request_id in self._failed_before
        self._asked.discard(event.request_id)
        assert self._interval is not None
        if isinstance(event, Failed):
            self._failed(event, connection, now)
        elif not self._asked:
            self._proved_at, self._failures = now, 0
            self._has_passed, self._vain_connections = True, 0
            self._agenda.add_at(Item.PRIVATE_CHECK, now + self._interval)
        return True

    def _failed(self, event: Failed, connection: Connection, now: float) -> None:
        self._failed_before |= {event.request_id, *self._asked}
        self._asked.clear()
        self._failures += 1
        if self._failures < MAX_FAILURES:
            self._agenda.add_at(Item.PRIVATE_CHECK, now + REPEAT_AFTER)
            return
        self._vain_connections += not self._has_passed
        connection.sign_in_lost(now, f"the sign-in is not proved any more: {event.error}")
