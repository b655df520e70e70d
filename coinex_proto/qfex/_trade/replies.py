"""Answers of the Trade socket, read as what their command promises. The body is the whole message.

Raises `PayloadError` for what is not as documented. Source: QFEX documentation, Trade pages and AsyncAPI file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, final, get_origin

import msgspec
from attrs import evolve

from coinex_proto.decoding import UNREADABLE, decode_plain, finite_check
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.fitting import fitted
from coinex_proto.qfex._trade.updates import (
    LeverageLevel,
    OpenOrdersUpdate,
    OrderUpdate,
    TwapUpdate,
    UserTrade,
    UserTradesUpdate,
)

T = TypeVar("T")


def members_decoder(members: Mapping[str, Any]) -> Callable[[bytes], Any]:
    """What decodes a message into a struct with these top-level members, None where one is absent."""
    struct = msgspec.defstruct("Frame", [(name, model | None, None) for name, model in members.items()], gc=False)
    return msgspec.json.Decoder(struct, strict=False).decode


@final
class Reply(Generic[T]):
    """`Reply(model, *frames)`: reads the record that stands under the first of these top-level members that is there."""

    def __init__(self, model: Any, *frames: str, finish: Callable[[Any, bytes], T] = lambda record, _: record) -> None:
        """`finish` makes the result of the record and the whole message."""
        self.frames = frames
        self._decode = members_decoder(dict.fromkeys(frames, model))
        self._model = model
        self._check = finite_check(model)
        self._finish = finish

    def __call__(self, body: bytes) -> T:
        found = self.read(body)
        if found is None:
            raise PayloadError(f"the answer holds no {self.frames[0]}")
        return found

    def read(self, body: bytes) -> T | None:
        """None where no such member is there."""
        try:
            found = self._found(self._decode(body))
            record = self._second_reading(body) if found is None else self._check(found)
        except UNREADABLE:
            record = self._second_reading(body)
        return None if record is None else self._finish(record, body)

    def _second_reading(self, body: bytes) -> Any:
        """The record with the members left out that it can do without; None where there is none."""
        try:
            message = decode_plain(body)
            sent = next((one for name in self.frames if (one := message.get(name)) is not None), None)
            if sent is None and get_origin(self._model) is tuple and any(name in message for name in self.frames):
                sent = []  # as some servers write an empty list
            return None if sent is None else fitted(self._model, sent)[0]
        except (*UNREADABLE, AttributeError) as problem:
            raise PayloadError(f"the answer is not as documented: {quoted(problem)}") from problem

    def _found(self, message: object) -> Any:
        return next((one for name in self.frames if (one := getattr(message, name)) is not None), None)


def without_own_member(update: OrderUpdate, _body: bytes = b"") -> OrderUpdate:
    """The same without what only the SDK writes, whatever the peer sent under that name."""
    return update if update.replaces is None else evolve(update, replaces=None)


def _listed(found: OpenOrdersUpdate, _: bytes) -> OpenOrdersUpdate:
    return evolve(found, orders=tuple(map(without_own_member, found.orders)))


_COUNT: Final[Reply[int]] = Reply(int, "count")


def _counted(trades: tuple[UserTrade, ...], body: bytes) -> UserTradesUpdate:
    return UserTradesUpdate(user_trades=trades, count=_COUNT.read(body))


ORDER: Final[Reply[OrderUpdate]] = Reply(OrderUpdate, OrderUpdate.frame, finish=without_own_member)
TWAP: Final[Reply[TwapUpdate]] = Reply(TwapUpdate, TwapUpdate.frame)
OPEN_ORDERS: Final[Reply[OpenOrdersUpdate]] = Reply(OpenOrdersUpdate, "all_orders_response", finish=_listed)
USER_TRADES: Final[Reply[UserTradesUpdate]] = Reply(
    tuple[UserTrade, ...], "user_trades", "user_trades_response", finish=_counted
)
USER_LEVERAGE: Final[Reply[Sequence[LeverageLevel]]] = Reply(tuple[LeverageLevel, ...], "user_leverage_response")
LEVERAGE_LEVELS: Final[Reply[Sequence[LeverageLevel]]] = Reply(
    tuple[LeverageLevel, ...], "available_leverage_levels_response"
)


def order_or_twap(body: bytes) -> OrderUpdate | TwapUpdate:
    """Whichever it is."""
    update = ORDER.read(body)
    return TWAP(body) if update is None else update


def nothing(_body: bytes) -> None:
    """Of a request whose answer is the acknowledgement alone, or is not documented."""
