"""From wishes to requests: what the venue must be told so that it sends what is wanted, and what its answers mean.

Compares the wire state of each wish with who holds it, joins topics into few requests, splits requests that are too
large or refused, and asks again what may be asked again. Knows no venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from coinex_proto._session.subscriptions import AnyTopic, Subscription, Subscriptions, Wire, topics_of
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


class Subscriber:
    """The topic requests of one session."""

    def __init__(
        self, dialect: Dialect, config: Config, subscriptions: Subscriptions, trust: Trust, events: deque[Event]
    ) -> None:
        self._dialect = dialect
        self._config = config
        self._subscriptions = subscriptions
        self._trust = trust
        self._events = events
        self._asked: dict[RequestId, tuple[Verb, tuple[Subscription, ...]]] = {}
        self._late: dict[RequestId, tuple[Subscription, ...]] = {}
        """Those of requests that timed out: their acknowledgement may still come."""
        self.retry_at: float | None = None
        """When `handle_timeout` must be called next: the next refused topic may be asked for again."""

    def reconcile(self, connection: Connection, now: float) -> None:
        """Ask for what is wanted and not on, end what is on and not wanted."""
        start: list[Subscription] = []
        end: list[Subscription] = []
        for subscription in self._subscriptions.take_touched():
            if subscription.wire is Wire.ON and (not subscription.holders or subscription.must_renew):
                end.append(subscription)
            elif subscription.wire is Wire.OFF and not self._is_ended_first(subscription, end, now):
                self._sort_out(subscription, start, now)
        self._ask(Verb.END, end, connection, now)
        self._ask(Verb.START, start, connection, now)

    def _is_ended_first(self, subscription: Subscription, end: list[Subscription], now: float) -> bool:
        """Whether it is time to ask again for what may be on: then it is ended, and asked for after that."""
        is_early = subscription.holders and subscription.retry_at is not None and now < subscription.retry_at
        if not subscription.may_be_on or is_early:
            return False
        subscription.may_be_on = False
        subscription.must_renew = bool(subscription.holders)
        subscription.retry_at = None
        end.append(subscription)
        return True

    def _sort_out(self, subscription: Subscription, start: list[Subscription], now: float) -> None:
        """A wish that is off: drop it, leave it, or let it start."""
        subscription.must_renew = False
        if not subscription.holders:
            if self._subscriptions.get(subscription.key) is subscription:
                self._subscriptions.remove(subscription)
            return
        if subscription.refused is not None or (subscription.retry_at is not None and now < subscription.retry_at):
            return
        subscription.retry_at = None
        over = self._subscriptions.cover(subscription)
        if over is None:
            start.append(subscription)
        elif over.is_requested and not subscription.is_requested:
            self._trust.expect(subscription)
            if over.wire is Wire.ON:
                self._started((subscription,), now)

    def _ask(self, verb: Verb, subscriptions: Sequence[Subscription], connection: Connection, now: float) -> None:
        if not subscriptions:
            return
        left = {subscription.key: subscription for subscription in subscriptions}
        for command, topics in self._requests(verb, topics_of(subscriptions)):
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

    def _mark_asked(self, verb: Verb, subscriptions: Sequence[Subscription], now: float) -> None:
        if verb is Verb.END:
            self._mark_ending(subscriptions, now)
            return
        for subscription in subscriptions:
            subscription.wire = Wire.ASKING
            subscription.requested_topic = subscription.topic
            self._trust.asked(subscription)
            for single in self._subscriptions.covered(subscription):
                if not single.is_requested:
                    self._trust.expect(single)

    def _mark_ending(self, subscriptions: Sequence[Subscription], now: float) -> None:
        """The venue ends the single markets together with the all-markets topic: from now on nothing vouches for them."""
        ending = [
            each
            for subscription in subscriptions
            for each in (subscription, *self._subscriptions.covered(subscription))
        ]
        self._trust.lose(ending, now, "asked for again")
        for each in ending:
            each.is_requested = False
        for subscription in subscriptions:
            subscription.wire = Wire.ENDING

    # Answers ----------------------------------------------------------------------------------------------------------

    def answered(self, event: Replied[Any] | Failed, connection: Connection, now: float) -> bool:
        """Whether this was the answer to a topic request; then it is dealt with."""
        asked = self._asked.pop(event.request_id, None)
        if asked is None:
            return self._answered_late(event, now)
        verb, subscriptions = asked
        if isinstance(event, Replied):
            unconfirmed = [subscription for subscription in subscriptions if subscription.must_confirm]
            self._acknowledged(verb, subscriptions, now)
            for subscription in unconfirmed if isinstance(event.result, Update) else ():
                self._trust.confirm(subscription, event.result, now)
        elif verb is Verb.END:
            self._ended(subscriptions, now)
        else:
            if isinstance(event.error, RequestTimedOut):
                self._late[event.request_id] = subscriptions
            is_in_doubt = isinstance(event.error, (RequestTimedOut, PayloadError)) or _is_on_already(event)
            for subscription in subscriptions:
                subscription.may_be_on = event.command.is_once and is_in_doubt
            self._not_started(subscriptions, event.error, connection, now)
        return True

    def _answered_late(self, event: Replied[Any] | Failed, now: float) -> bool:
        """Whether this acknowledges a request that had timed out: what waits to be asked for again need not be."""
        late = self._late.pop(event.request_id, None)
        if late is None:
            return False
        begun = [subscription for subscription in late if _awaits_answer(subscription)]
        unexpected = [subscription for subscription in begun if subscription.wire is Wire.OFF]
        for subscription in begun:
            subscription.retry_at = None
            subscription.may_be_on = False
        for subscription in unexpected:
            self._trust.asked(subscription)
        for request_id, (verb, subscriptions) in self._asked.items():
            self._asked[request_id] = (
                verb,
                tuple(subscription for subscription in subscriptions if subscription not in begun),
            )
        self._acknowledged(Verb.START, begun, now)
        if isinstance(event, Replied) and isinstance(event.result, Update):
            # The answer is the first state, and came while none was expected.
            for subscription in unexpected:
                self._trust.confirm(subscription, event.result, now)
        return True

    def data_came(self, connection: Connection, now: float) -> None:
        """What has begun is no longer waited for where that need not be acknowledged: a refusal is of another topic."""
        for request_id, (verb, subscriptions) in tuple(self._asked.items()):
            if verb is Verb.START and all(
                subscription.is_live and not subscription.is_private for subscription in subscriptions
            ):
                connection.confirm_started(request_id, now)

    def _acknowledged(self, verb: Verb, subscriptions: Sequence[Subscription], now: float) -> None:
        if verb is Verb.END:
            self._ended(subscriptions, now)
            return
        for subscription in subscriptions:
            subscription.wire = Wire.ON
            subscription.failures = subscription.sign_in_refusals = 0
            subscription.must_confirm = subscription.must_confirm and subscription.must_renew
            if not subscription.holders or subscription.must_renew:
                self._subscriptions.touch((subscription,))
        covered = [
            each
            for subscription in subscriptions
            for each in self._subscriptions.covered(subscription)
            if each.wire is Wire.OFF
        ]
        self._started([subscription for subscription in (*subscriptions, *covered) if not subscription.must_renew], now)

    def _started(self, subscriptions: Sequence[Subscription], now: float) -> None:
        held = [subscription for subscription in subscriptions if subscription.holders]
        self._events.extend(Subscribed(topic=subscription.topic) for subscription in held)
        self._trust.mark_live([subscription for subscription in held if subscription.is_private], now)

    def _ended(self, subscriptions: Sequence[Subscription], now: float) -> None:
        for subscription in subscriptions:
            subscription.wire = Wire.OFF
            if not subscription.must_renew:
                self._events.append(Unsubscribed(topic=subscription.requested_topic or subscription.topic))
            singles = self._subscriptions.covered(subscription)
            for single in singles:
                if single.wire is Wire.ON:
                    single.wire = Wire.OFF
                elif single.wire is Wire.ASKING:
                    single.must_renew = True
            self._subscriptions.touch((subscription, *singles))

    def _not_started(
        self, subscriptions: Sequence[Subscription], error: SdkError, connection: Connection, now: float
    ) -> None:
        may_retry = isinstance(error, (RequestTimedOut, PayloadError)) or (
            isinstance(error, RequestRefused)
            and (error.retryable or any(subscription.may_be_on for subscription in subscriptions))
        )
        covered = [
            each
            for subscription in subscriptions
            for each in self._subscriptions.covered(subscription)
            if each.wire is Wire.OFF
        ]
        self._trust.lose((*subscriptions, *covered), now, str(error))
        for subscription in (*subscriptions, *covered):
            subscription.wire = Wire.OFF
            subscription.is_requested = False
        if connection.phase is not Phase.READY and all(
            subscription.sign_in_refusals < MAX_SIGN_IN_REFUSALS for subscription in subscriptions
        ):
            # The refusal was of the sign-in and has ended the connection: they are asked for on the next one.
            for subscription in subscriptions:
                subscription.sign_in_refusals += 1
            return
        if not may_retry and len(subscriptions) > 1 and connection.phase is Phase.READY:
            # One bad market spoils the whole list: halves, until it stands alone.
            half = len(subscriptions) // 2
            for part in (subscriptions[:half], subscriptions[half:]):
                self._ask(Verb.START, [subscription for subscription in part if subscription.holders], connection, now)
                self._subscriptions.touch([subscription for subscription in part if not subscription.holders])
            return
        for subscription in subscriptions:
            if may_retry:
                subscription.failures += 1
                subscription.retry_at = now + max(FIRST_RETRY, self._config.backoff.step(subscription.failures))
                self.retry_at = (
                    subscription.retry_at if self.retry_at is None else min(self.retry_at, subscription.retry_at)
                )
            else:
                subscription.refused = error
                self._subscriptions.touch(self._subscriptions.covered(subscription))
            if subscription.holders:
                self._events.append(SubscribeFailed(topic=subscription.topic, error=error))
            else:
                self._subscriptions.touch((subscription,))

    # The connection ---------------------------------------------------------------------------------------------------

    def connection_ready(self) -> None:
        """A new connection: everything that is wanted must be asked for."""
        self._subscriptions.take_touched()
        self._subscriptions.touch(self._subscriptions)

    def connection_lost(self) -> None:
        """The venue has forgotten everything."""
        self._asked.clear()
        self._late.clear()
        self.retry_at = None
        for subscription in list(self._subscriptions):
            subscription.wire = Wire.OFF
            subscription.must_renew = subscription.may_be_on = subscription.must_confirm = False
            subscription.retry_at = None
            subscription.failures = 0
            if not subscription.holders:
                self._subscriptions.remove(subscription)
        self._subscriptions.take_touched()

    # Time -------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> None:
        """Ask again what may be asked again."""
        if self.retry_at is None or now < self.retry_at:
            return
        waiting = [subscription for subscription in self._subscriptions if subscription.retry_at is not None]
        self._subscriptions.touch(
            [
                subscription
                for subscription in waiting
                if subscription.retry_at is not None and subscription.retry_at <= now
            ]
        )
        later = [
            subscription.retry_at
            for subscription in waiting
            if subscription.retry_at is not None and subscription.retry_at > now
        ]
        self.retry_at = min(later, default=None)

    def renew(self, subscriptions: Sequence[Subscription]) -> None:
        """Their state is in doubt: end them and ask again."""
        for subscription in subscriptions:
            over = self._subscriptions.cover(subscription)
            target = subscription if over is None or subscription.wire is Wire.ON else over
            target.must_renew = True
            self._subscriptions.touch((target,))


def _is_on_already(event: Failed) -> bool:
    return isinstance(event.error, RequestRefused) and event.error.code in event.command.already_on


def _awaits_answer(subscription: Subscription) -> bool:
    """Whether an acknowledgement of an earlier request of the same parameters settles it."""
    if not subscription.holders or subscription.must_renew or subscription.must_confirm:
        return False
    return subscription.wire is Wire.ASKING or (subscription.wire is Wire.OFF and subscription.retry_at is not None)
