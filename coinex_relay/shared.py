"""Payloads that are of several subjects, such as the tickers of many markets in one push: each is told once, and takes no topic back.

A relay publishes such a payload on each of its subjects. A consumer hands the first copy on for all of them, as long as every one is live
with the same relay and nothing newer was handed on; else each copy counts for its own topic alone. Must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from enum import Enum
from typing import Final, final

from attrs import define

from coinex_relay.flows import Flow, Phase
from coinex_relay.messages import Stored

REMEMBERED: Final = 4096
"""Payloads that are remembered, so that each is told once."""
_ALONE: Final = -1


class Share(Enum):
    """For which topics a copy is handed on."""

    ALL = "all that it is of"
    OWN = "its own"
    NONE = "none: another copy was handed on for all"


@final
@define
class _Told:
    tails: set[str]
    """Which subjects have brought it."""
    turn: int
    """`Shared._turn` when it was handed on for all; `_ALONE`: it was not."""


@final
class Shared:
    """What was told of such payloads."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, str], _Told] = OrderedDict()
        """By relay and `Stored.shared`."""
        self._turn = 0
        """How often a message was handed on late: what had been told of its topic before may have been newer."""

    def came(self, flow: Flow, message: Stored, flows: Iterable[Flow]) -> Share:
        """The next message of this flow. The same subject again brings the same words anew."""
        name = message.relay, message.shared
        told = self._told.get(name)
        if told is not None and flow.tail not in told.tails:
            told.tails.add(flow.tail)
            return Share.NONE if told.turn == self._turn else Share.OWN
        is_for_all = _is_in_order(flow, message, flows)
        self._remember(name, _Told({flow.tail}, self._turn if is_for_all else _ALONE))
        return Share.ALL if is_for_all else Share.OWN

    def came_late(self, flow: Flow, message: Stored) -> None:
        """A message that was stored, or kept, is handed on: if it is shared, for its own topic."""
        self._turn += 1
        name = message.relay, message.shared
        if not message.shared:
            return
        if (told := self._told.get(name)) is not None:
            told.tails.add(flow.tail)
        else:
            self._remember(name, _Told({flow.tail}, _ALONE))

    def _remember(self, name: tuple[str, str], told: _Told) -> None:
        self._told[name] = told
        self._told.move_to_end(name)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)


def _is_in_order(flow: Flow, message: Stored, flows: Iterable[Flow]) -> bool:
    """Whether it is newer than all that was handed on of the topics that it may be of as well."""
    return not any(
        other.phase is not Phase.LIVE or other.past.source != message.relay or other.handed > message.sequence
        for other in flows
        if other.is_state == flow.is_state
    )
