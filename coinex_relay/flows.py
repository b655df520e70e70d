"""One subject as a consumer follows it: which message comes next, and what is a hole, without I/O.

Each message names the content before it, so that a chain shows whether anything is missing, whichever relay brings the next
link. Must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import Enum
from typing import Final, final

from attrs import Factory, define

from coinex_proto.ids import TopicKey
from coinex_relay.messages import Stored

MEMORY: Final = 256
"""Contents of a subject that are remembered: what a slower relay brings after a quicker one is known by them."""
MOST_ASIDE: Final = 2_000
"""Messages of a book that are kept of a relay on another chain: twice what a minute between two whole books brings."""
MOST_STATES: Final = 16
"""Messages of another relay that have no content to be known by, and are kept: twice what a ticker brings until its death is noticed."""
MOST_HELD: Final = 20_000
"""Messages that may come while the stored ones are read."""


class Phase(Enum):
    """How far a subject has come."""

    WAITING = "no living relay carries it"
    REPLAYING = "stored messages are being read"
    SEEKING = "the next whole state is waited for"
    LIVE = "every message follows the one before"


_LIVE: Final = Phase.LIVE


class Verdict(Enum):
    """What a message is."""

    NEXT = "next"
    KNOWN = "known"
    """Of another relay, and known already, or of no use beside the one that is followed."""
    ASIDE = "aside"
    """Of another chain than the one that is followed; kept, as far as that chain may be needed."""
    HOLE = "hole"
    """Something before it is missing."""


@final
@define
class Past:
    """What is known of a subject across connections."""

    sequence: int = 0
    content: str = ""
    source: str = ""


@final
@define
class Flow:
    """One subject that is followed."""

    tail: str
    key: TopicKey
    needs_whole: bool
    """It begins with a whole state: a book."""
    is_state: bool
    """Each message is a whole state, so that any relay's will do."""
    past: Past
    phase: Phase = Phase.WAITING
    held: list[Stored] = Factory(list)
    others: dict[str, deque[Stored]] = Factory(dict)
    """What each relay on another chain has brought, as far as it may be needed to go on with it."""
    is_shared: bool = True
    """The messages have ids of their content."""
    handed: int = 0
    """The sequence up to which messages were handed on."""
    shown: bytes = b""
    """The state that was handed on last, where messages have no ids of their content."""
    recent: dict[str, None] = Factory(dict)
    """The last contents that were handed on, `MEMORY` of them."""
    asked: int = 0
    """Which reading of stored messages is under way: an earlier one's end does not count."""

    def goes_on(self, content: str, previous: str, relay: str, sequence: int, last_sequence: int) -> bool:
        """Whether this is the next message of the relay that is followed, with nothing else to look at; it is handed on then.

        What `judge` and `took` come to for nearly all messages; all others are for them. The extension has the same.
        """
        past = self.past
        if (
            previous != past.content
            or relay != past.source
            or self.phase is not _LIVE
            or not last_sequence <= past.sequence < sequence
            or self.others
            or content == relay
            or content in self.recent
        ):
            return False
        past.sequence = self.handed = sequence
        past.content = content
        self.is_shared = True
        self.recent[content] = None
        if len(self.recent) > MEMORY:
            del self.recent[next(iter(self.recent))]
        return True

    def judge(self, message: Stored) -> Verdict:
        """What a message is to a live chain."""
        past = self.past
        if message.sequence <= past.sequence:
            return Verdict.KNOWN
        if message.last_sequence > past.sequence:
            return Verdict.HOLE
        past.sequence = message.sequence
        if not message.content:
            if message.relay == past.source:
                return Verdict.NEXT
            self._set_aside(message)
            return Verdict.KNOWN
        if message.content == past.content or message.content in self.recent:
            self.others.pop(message.relay, None)
            return Verdict.KNOWN
        if message.previous == past.content:
            return Verdict.NEXT
        if message.relay == past.source:
            return Verdict.HOLE
        self._set_aside(message)
        return Verdict.ASIDE

    def _set_aside(self, message: Stored) -> None:
        """A book's chain from its last whole state on, and of all else the last ones."""
        aside = self.others.get(message.relay)
        if aside is None:
            most = MOST_ASIDE if self.needs_whole else MEMORY if message.content else MOST_STATES
            aside = self.others[message.relay] = deque(maxlen=most)
        if message.content and (message.is_whole or (aside and message.previous != aside[-1].content)):
            aside.clear()
        aside.append(message)

    def caught_up(self) -> list[Stored]:
        """What another relay had brought already of what comes next; the followed one's own copies were thrown away as second."""
        content = self.past.content
        if not content:
            return []
        for aside in self.others.values():
            if aside[0].previous == content:
                return list(aside)
            for place, one in enumerate(aside, 1):
                if one.content == content and place < len(aside):
                    return list(aside)[place:]
        return []

    def aside(self, relay: str) -> list[Stored] | None:
        """What has to be handed on to go on with this relay without a hole; None: there would be one."""
        if not (self.is_state or self.is_shared):
            return None
        aside = list(self.others.get(relay, ()))
        known = [place for place, one in enumerate(aside) if self._was_handed_on(one)]
        if known:
            return aside[known[-1] + 1 :]
        if self.needs_whole and aside and not aside[0].is_whole:
            return None
        if not self.is_state:
            return aside
        # What came before the last one that was handed on is mostly the same in other bytes; the newest is this relay's truth.
        return [one for one in aside if one.sequence > self.handed] or aside[-1:]

    def _was_handed_on(self, message: Stored) -> bool:
        return message.content in self.recent if message.content else message.payload == self.shown

    def begin(self) -> None:
        """It is live from the next message that is handed on, with nothing of before."""
        self.phase = Phase.LIVE
        self.others.clear()
        self.past.sequence = self.handed = 0

    def took(self, message: Stored) -> None:
        """The message was handed on."""
        past, sequence, content = self.past, message.sequence, message.content
        if sequence > past.sequence:
            past.sequence = sequence
        if sequence > self.handed:
            self.handed = sequence
        past.source = message.relay
        self.is_shared = bool(content)
        if content:
            past.content = content
            self.recent[content] = None
            if len(self.recent) > MEMORY:
                del self.recent[next(iter(self.recent))]
            if self.others:
                self.others = {
                    relay: aside
                    for relay, aside in self.others.items()
                    if aside[-1].content != content and relay != message.relay
                }
        else:
            self.shown = message.payload

    def chain(self, stored: Sequence[Stored], carriers: frozenset[str]) -> list[Stored]:
        """Of stored messages those to begin with, in order: the links that lead to the newest one, from a whole state on.

        For what needs none: as far as the chain reaches, and one message at least. Empty: nothing to begin with.
        """
        messages = [one for one in stored if not one.trust]
        if not messages:
            return []
        links = self._links(messages, len(messages) - 1)
        ends = [place for place, one in enumerate(messages) if one.relay in carriers]
        if not ends and not messages[-1].content:
            return []  # nothing tells whether a relay that lives has brought the same since
        if ends and not any(messages[ends[-1]] is link for link in links):
            links = self._links(messages, ends[-1])  # the newest message is of a dead relay on another chain
        if not self.needs_whole:
            return links[1:] if len(links) > 1 and links[0].content == self.past.content else links
        return links if links[0].is_whole else []

    def _links(self, messages: list[Stored], place: int) -> list[Stored]:
        end = messages[place]
        links = [end]
        wanted, is_whole = end.previous, end.is_whole
        for message in reversed(messages[:place]):
            if is_whole or not wanted:
                break
            if message.content == wanted:
                links.append(message)
                wanted, is_whole = message.previous, message.is_whole
        links.reverse()
        return links
