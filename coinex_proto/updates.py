"""`Event`, the base of everything that is handed out, and `Update`, the base of what a venue says.

Beside `events.py`, which has what became of connections, topics and requests, because topics and commands are made of
these two. This module must not know any venue.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar

from attrs import fields, frozen

from coinex_proto.ids import TopicKey
from coinex_proto.speedups import speed

U = TypeVar("U", bound="Update")


@frozen(kw_only=True)
class Event:
    """Base of all events. A printed one shows numbers as people write them: no exponents."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__repr__" not in vars(cls):  # attrs makes none where a class has its own
            type.__setattr__(cls, "__repr__", _shown)


def _shown(event: Any) -> str:
    """As attrs would show it, with the digits of its numbers: `Decimal` itself makes 0E-8 of 0.00000000."""
    parts = []
    for attribute in fields(type(event)):
        if attribute.repr:
            show = repr if attribute.repr is True else attribute.repr
            parts.append(f"{attribute.name}={show(getattr(event, attribute.name))}")
    return _WITH_EXPONENT.sub(_written_out, f"{type(event).__qualname__}({', '.join(parts)})")


def _written_out(found: re.Match[str]) -> str:
    return f"Decimal('{Decimal(found[1]):f}')"


_WITH_EXPONENT: Final = re.compile(r"Decimal\('(-?[0-9]+(?:\.[0-9]+)?E[+-][0-9]{1,2})'\)", re.ASCII)
"""Those with three digits are no amounts of anything, and stay short."""


class _Stamp:
    """Slots that msgspec does not know, so that no wire member of the same name can reach them.

    Properties and not `__getattr__`: msgspec asks a class that has it once per absent field, at 0.65 us each.
    """

    __slots__ = ("_is_recovered", "_is_self_trade", "_raw", "_received_at")

    _is_recovered: bool
    _is_self_trade: bool
    _raw: bytes
    _received_at: float

    @property
    def received_at(self) -> float:
        """When it was read, by the wall clock of that moment; 0.0 when it came from no connection."""
        try:
            return self._received_at
        except AttributeError:
            return 0.0

    @received_at.setter
    def received_at(self, value: float) -> None:
        _set_received_at(self, value)

    @property
    def raw(self) -> bytes:
        """The inflated payload it came in; empty when it came from no connection."""
        try:
            return self._raw
        except AttributeError:
            return b""

    @raw.setter
    def raw(self, value: bytes) -> None:
        _set_raw(self, value)

    @property
    def is_recovered(self) -> bool:
        """True: a query brought it after a gap. False: the venue pushed it."""
        return getattr(self, "_is_recovered", False)  # nearly always absent, and asked of every update

    @property
    def is_self_trade(self) -> bool:
        """Of an own fill: the other side of the trade is own as well. Known, for both halves, when the second has come."""
        try:
            return self._is_self_trade
        except AttributeError:
            return False


_set_is_self_trade = vars(_Stamp)["_is_self_trade"].__set__
_set_is_recovered = vars(_Stamp)["_is_recovered"].__set__
_set_received_at = vars(_Stamp)["_received_at"].__set__
_set_raw = vars(_Stamp)["_raw"].__set__


@frozen(kw_only=True)
class Update(Event, _Stamp):
    """What the venue says, in the venue's own words.

    `received_at`: when it was read, Unix seconds by the wall clock of that moment (on the clock of `now` where that is no
    Unix time); 0.0 when it came from no connection. `raw`: the inflated payload it came in (shared by all updates of that payload). Neither takes part in
    repr or ==.
    """

    has_sequence: ClassVar[bool] = False
    """True: the class has `sequence: int | None`, a number that grows along the connection or along its topic."""
    is_merged: ClassVar[bool] = False
    """True: its topic may have a `Topic.merger`, which makes of it what the topic brings."""
    tells_order: ClassVar[bool] = False
    """True: `Dialect.order` may find something in it."""
    has_trade_ids: ClassVar[bool] = False
    """True: the class has `trade_ids` and `without_trades`, and trades seen before are taken out."""
    announces_end: ClassVar[bool] = False
    """True: a notice of maintenance, after which a connection may be cut."""
    is_fill: ClassVar[bool] = False
    """True: where it has an `occurrence_id` it is one own fill, which is delivered once; the id is (order id, trade id)."""

    @property
    def topic_key(self) -> TopicKey:
        """The key of the topic it belongs to, with its market named."""
        raise NotImplementedError(f"{type(self).__name__} has no topic key")

    @property
    def identity(self) -> Hashable | None:
        """The venue's id of this one event, the same on every connection; None: a state, or it has none of its own."""
        return None

    @property
    def occurrence_id(self) -> Hashable | None:
        """The venue's id of what has happened once, by which a query after a gap knows it again; None: a state, or no id."""
        return None

    @property
    def is_whole_order_list(self) -> bool:
        """Whether it lists every open order of the account, so that one that it lacks has ended."""
        return False

    @property
    def venue_time(self) -> float | None:
        """When the venue made it, Unix seconds on the venue's clock; None: it does not say."""
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        # attrs pickles and copies its own fields only: a copy would say that it came from nowhere.
        values = {attribute.name: getattr(self, attribute.name) for attribute in fields(type(self))}
        stamped = (self.raw, self.received_at, self.is_recovered, _Stamp.is_self_trade.fget(self))  # type: ignore[attr-defined]
        return _restored, (type(self), values, *stamped)


def _restored(
    kind: type[U], values: dict[str, Any], raw: bytes, received_at: float, is_recovered: bool, is_self_trade: bool
) -> U:
    update = kind.__new__(kind)
    for name, value in values.items():
        object.__setattr__(update, name, value)
    stamp(update, raw, received_at)
    if is_recovered:
        recovered(update, received_at)
    if is_self_trade:
        mark_self_trade(update)
    return update


def mark_self_trade(update: Update) -> None:
    """Say that both sides of this own fill are own."""
    _set_is_self_trade(update, True)


def stamp(update: Update, raw: bytes, received_at: float) -> None:
    """Say when and in which payload an update came (the slots' own setters: updates are frozen)."""
    _set_received_at(update, received_at)
    _set_raw(update, raw)


def _stamp_all(inbound: tuple[object, ...], raw: bytes, received_at: float) -> bool:
    """Whether all of these are updates; if so, they are stamped, and else nothing has happened."""
    for one in inbound:
        if not isinstance(one, Update):
            return False
    for one in inbound:
        _set_received_at(one, received_at)
        _set_raw(one, raw)
    return True


if speed is not None:
    speed.stamps(Update, *[vars(_Stamp)[name] for name in ("_raw", "_received_at", "_is_recovered")])
stamp_all: Final[Callable[[tuple[object, ...], bytes, float], bool]] = _stamp_all if speed is None else speed.stamp_all


def recovered(update: Update, at: float) -> None:
    """Say that a query brought this update, and when."""
    _set_received_at(update, at)
    _set_is_recovered(update, True)
