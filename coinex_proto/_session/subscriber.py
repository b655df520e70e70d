"""From wishes to requests: what the venue must be told so that it sends what is wanted, and what its answers mean.

Compares the wire state of each wish with who holds it, joins topics into few requests, splits requests that are too
large or refused, and asks again what may be asked again. Knows no venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from coinex_proto._session.subscriptions import AnyTopic, Wire, Wish, Wishes, topics_of
from coinex_proto._session.trust import Trust
from coinex_proto.commands import Command
from coinex_proto.errors import PayloadError, RequestRefused, RequestTimedOut, SdkError
from coinex_proto.events import Failed, Replied, Subscribed, SubscribeFailed, Unsubscribed
from coinex_proto.ids import RequestId
from coinex_proto.phases import Phase
from coinex_proto.updates import Event, Update

if TYPE_CHECKING:
    from coinex_proto.config import Config
    from coinex_proto.connection import Connection
    from coinex_proto.dialect import Dialect

FIRST_RETRY = 1.0
"""Seconds: the least pause before a refused topic is asked for again (CoinEx 23002: at least 1 s)."""
MAX_SIGN_IN_REFUSALS = 1
"""So often a topic is asked for again on a new connection after "not signed in"; else it would cost one after the other."""


class Verb(Enum):
    """What a topic request asks for."""

    START = "start"
    END = "end"


class Asking:
    """The topic requests of one session."""

    def __init__(self, dialect: Dialect, config: Config, wishes: Wishes, trust: Trust, events: deque[Event]) -> None:
        self._dialect = dialect
        self._config = config
        self._wishes = wishes
        self._trust = trust
        self._events = events
        self._asked: dict[RequestId, tuple[Verb, tuple[Wish, ...]]] = {}
        self._late: dict[RequestId, tuple[Wish, ...]] = {}
        """Those of requests that timed out: their acknowledgement may still come."""
        self.retry_at: float | None = None
        """When `handle_timeout` must be called next: the next refused topic may be asked for again."""

    def reconcile(self, connection: Connection, now: float) -> None:
        """Ask for what is wanted and not on, end what is on and not wanted."""
        start: list[Wish] = []
        end: list[Wish] = []
        for wish in self._wishes.take_touched():
            if wish.wire is Wire.ON and (not wish.holders or wish.must_renew):
                end.append(wish)
            elif wish.wire is Wire.OFF and not self._is_ended_first(wish, end, now):
                self._sort_out(wish, start, now)
        self._ask(Verb.END, end, connection, now)
        self._ask(Verb.START, start, connection, now)

    def _is_ended_first(self, wish: Wish, end: list[Wish], now: float) -> bool:
        """Whether it is time to ask again for what may be on: then it is ended, and asked for after that."""
        is_early = wish.holders and wish.retry_at is not None and now < wish.retry_at
        if not wish.may_be_on or is_early:
            return False
        wish.may_be_on = False
        wish.must_renew = bool(wish.holders)
        wish.retry_at = None
        end.append(wish)
        return True

    def _sort_out(self, wish: Wish, start: list[Wish], now: float) -> None:
        """A wish that is off: drop it, leave it, or let it start."""
        wish.must_renew = False
        if not wish.holders:
            if self._wishes.get(wish.key) is wish:
                self._wishes.remove(wish)
            return
        if wish.refused is not None or (wish.retry_at is not None and now < wish.retry_at):
            return
        wish.retry_at = None
        over = self._wishes.cover(wish)
        if over is None:
            start.append(wish)
        elif over.is_asked and not wish.is_asked:
            self._trust.expect(wish)
            if over.wire is Wire.ON:
                self._started((wish,), now)

    def _ask(self, verb: Verb, wishes: Sequence[Wish], connection: Connection, now: float) -> None:
        if not wishes:
            return
        left = {wish.key: wish for wish in wishes}
        for command, topics in self._requests(verb, topics_of(wishes)):
            group = tuple(left.pop(topic.key) for topic in topics)
            self._mark_asked(verb, group, now)
            request_id = connection.submit(command, now, is_paced=True)
            self._asked[request_id] = (verb, group)
        if left:
            group = tuple(left.values())
            self._mark_asked(verb, group, now)
            self._acknowledged(verb, group, now)

    def _requests(self, verb: Verb, topics: Sequence[AnyTopic]) -> list[tuple[Command[Any], Sequence[AnyTopic]]]:
        """The dialect's requests for these topics, split in halves until each fits into a frame."""
        make: Callable[[Sequence[AnyTopic]], Sequence[tuple[Command[Any], Sequence[AnyTopic]]]]
        make = self._dialect.subscribe if verb is Verb.START else self._dialect.unsubscribe
        found: list[tuple[Command[Any], Sequence[AnyTopic]]] = []
        for command, part in make(topics):
            size = len(self._dialect.encode(command, RequestId(0)).text)
            if size <= self._config.max_request_bytes or len(part) == 1:
                found.append((command, part))
            else:
                half = len(part) // 2
                found += self._requests(verb, part[:half]) + self._requests(verb, part[half:])
        return found

    def _mark_asked(self, verb: Verb, wishes: Sequence[Wish], now: float) -> None:
        if verb is Verb.END:
            self._mark_ending(wishes, now)
            return
        for wish in wishes:
            wish.wire = Wire.ASKING
            wish.told = wish.topic
            self._trust.asked(wish)
            for single in self._wishes.covered(wish):
                if not single.is_asked:
                    self._trust.expect(single)

    def _mark_ending(self, wishes: Sequence[Wish], now: float) -> None:
        """The venue ends the single markets together with the all-markets topic: from now on nothing vouches for them."""
        ending = [each for wish in wishes for each in (wish, *self._wishes.covered(wish))]
        self._trust.lose(ending, now, "asked for again")
        for each in ending:
            each.is_asked = False
        for wish in wishes:
            wish.wire = Wire.ENDING

    # Answers ----------------------------------------------------------------------------------------------------------

    def answered(self, event: Replied[Any] | Failed, connection: Connection, now: float) -> bool:
        """Whether this was the answer to a topic request; then it is dealt with."""
        asked = self._asked.pop(event.request_id, None)
        if asked is None:
            return self._came_late(event, now)
        verb, wishes = asked
        if isinstance(event, Replied):
            unconfirmed = [wish for wish in wishes if wish.must_confirm]
            self._acknowledged(verb, wishes, now)
            for wish in unconfirmed if isinstance(event.result, Update) else ():
                self._trust.confirm(wish, event.result, now)
        elif verb is Verb.END:
            self._ended(wishes, now)
        else:
            if isinstance(event.error, RequestTimedOut):
                self._late[event.request_id] = wishes
            is_in_doubt = isinstance(event.error, (RequestTimedOut, PayloadError)) or _is_on_already(event)
            for wish in wishes:
                wish.may_be_on = event.command.is_once and is_in_doubt
            self._not_started(wishes, event.error, connection, now)
        return True

    def _came_late(self, event: Replied[Any] | Failed, now: float) -> bool:
        """Whether this acknowledges a request that had timed out: what waits to be asked for again need not be."""
        late = self._late.pop(event.request_id, None)
        if late is None:
            return False
        begun = [wish for wish in late if _awaits_answer(wish)]
        unexpected = [wish for wish in begun if wish.wire is Wire.OFF]
        for wish in begun:
            wish.retry_at = None
            wish.may_be_on = False
        for wish in unexpected:
            self._trust.asked(wish)
        for request_id, (verb, wishes) in self._asked.items():
            self._asked[request_id] = (verb, tuple(wish for wish in wishes if wish not in begun))
        self._acknowledged(Verb.START, begun, now)
        if isinstance(event, Replied) and isinstance(event.result, Update):
            # The answer is the first state, and came while none was expected.
            for wish in unexpected:
                self._trust.confirm(wish, event.result, now)
        return True

    def data_came(self, connection: Connection, now: float) -> None:
        """What has begun is no longer waited for where that need not be acknowledged: a refusal is of another topic."""
        for request_id, (verb, wishes) in tuple(self._asked.items()):
            if verb is Verb.START and all(wish.is_live and not wish.is_private for wish in wishes):
                connection.came_true(request_id, now)

    def _acknowledged(self, verb: Verb, wishes: Sequence[Wish], now: float) -> None:
        if verb is Verb.END:
            self._ended(wishes, now)
            return
        for wish in wishes:
            wish.wire = Wire.ON
            wish.failures = wish.sign_in_refusals = 0
            wish.must_confirm = wish.must_confirm and wish.must_renew
            if not wish.holders or wish.must_renew:
                self._wishes.touch((wish,))
        covered = [each for wish in wishes for each in self._wishes.covered(wish) if each.wire is Wire.OFF]
        self._started([wish for wish in (*wishes, *covered) if not wish.must_renew], now)

    def _started(self, wishes: Sequence[Wish], now: float) -> None:
        held = [wish for wish in wishes if wish.holders]
        self._events.extend(Subscribed(topic=wish.topic) for wish in held)
        self._trust.enliven([wish for wish in held if wish.is_private], now)

    def _ended(self, wishes: Sequence[Wish], now: float) -> None:
        for wish in wishes:
            wish.wire = Wire.OFF
            if not wish.must_renew:
                self._events.append(Unsubscribed(topic=wish.told or wish.topic))
            singles = self._wishes.covered(wish)
            for single in singles:
                if single.wire is Wire.ON:
                    single.wire = Wire.OFF
                elif single.wire is Wire.ASKING:
                    single.must_renew = True
            self._wishes.touch((wish, *singles))

    def _not_started(self, wishes: Sequence[Wish], error: SdkError, connection: Connection, now: float) -> None:
        may_retry = isinstance(error, (RequestTimedOut, PayloadError)) or (
            isinstance(error, RequestRefused) and (error.retryable or any(wish.may_be_on for wish in wishes))
        )
        covered = [each for wish in wishes for each in self._wishes.covered(wish) if each.wire is Wire.OFF]
        self._trust.lose((*wishes, *covered), now, str(error))
        for wish in (*wishes, *covered):
            wish.wire = Wire.OFF
            wish.is_asked = False
        if connection.phase is not Phase.READY and all(wish.sign_in_refusals < MAX_SIGN_IN_REFUSALS for wish in wishes):
            # The refusal was of the sign-in and has ended the connection: they are asked for on the next one.
            for wish in wishes:
                wish.sign_in_refusals += 1
            return
        if not may_retry and len(wishes) > 1 and connection.phase is Phase.READY:
            # One bad market spoils the whole list: halves, until it stands alone.
            half = len(wishes) // 2
            for part in (wishes[:half], wishes[half:]):
                self._ask(Verb.START, [wish for wish in part if wish.holders], connection, now)
                self._wishes.touch([wish for wish in part if not wish.holders])
            return
        for wish in wishes:
            if may_retry:
                wish.failures += 1
                wish.retry_at = now + max(FIRST_RETRY, self._config.backoff.step(wish.failures))
                self.retry_at = wish.retry_at if self.retry_at is None else min(self.retry_at, wish.retry_at)
            else:
                wish.refused = error
                self._wishes.touch(self._wishes.covered(wish))
            if wish.holders:
                self._events.append(SubscribeFailed(topic=wish.topic, error=error))
            else:
                self._wishes.touch((wish,))

    # The connection ---------------------------------------------------------------------------------------------------

    def line_ready(self) -> None:
        """A new connection: everything that is wanted must be asked for."""
        self._wishes.take_touched()
        self._wishes.touch(self._wishes)

    def line_lost(self) -> None:
        """The venue has forgotten everything."""
        self._asked.clear()
        self._late.clear()
        self.retry_at = None
        for wish in list(self._wishes):
            wish.wire = Wire.OFF
            wish.must_renew = wish.may_be_on = wish.must_confirm = False
            wish.retry_at = None
            wish.failures = 0
            if not wish.holders:
                self._wishes.remove(wish)
        self._wishes.take_touched()

    # Time -------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> None:
        """Ask again what may be asked again."""
        if self.retry_at is None or now < self.retry_at:
            return
        waiting = [wish for wish in self._wishes if wish.retry_at is not None]
        self._wishes.touch([wish for wish in waiting if wish.retry_at is not None and wish.retry_at <= now])
        later = [wish.retry_at for wish in waiting if wish.retry_at is not None and wish.retry_at > now]
        self.retry_at = min(later, default=None)

    def renew(self, wishes: Sequence[Wish]) -> None:
        """Their state is in doubt: end them and ask again."""
        for wish in wishes:
            over = self._wishes.cover(wish)
            target = wish if over is None or wish.wire is Wire.ON else over
            target.must_renew = True
            self._wishes.touch((target,))


def _is_on_already(event: Failed) -> bool:
    return isinstance(event.error, RequestRefused) and event.error.code in event.command.already_on


def _awaits_answer(wish: Wish) -> bool:
    """Whether an acknowledgement of an earlier request of the same parameters settles it."""
    if not wish.holders or wish.must_renew or wish.must_confirm:
        return False
    return wish.wire is Wire.ASKING or (wish.wire is Wire.OFF and wish.retry_at is not None)
