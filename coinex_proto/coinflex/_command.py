"""What every request of CoinFLEX has in common, how answers are read, and `Raw`, which is any request.

Source: CoinFLEX API v1, "commands".
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeVar, final

import msgspec
from attrs import Attribute, field, frozen

from coinex_proto.commands import Command
from coinex_proto.decoding import UNREADABLE, decode_again
from coinex_proto.errors import PayloadError, UsageError, quoted
from coinex_proto.fitting import fitted

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")

ORDERS_BUCKET: Final = "orders"
QUERIES_BUCKET: Final = "information"

MAX_INTEGER: Final = 2**63 - 1
"""Ids, tonces, tags and amounts stay within 63 bits."""


@frozen(kw_only=True)
class CoinflexCommand(Command[R_co]):
    """A request of CoinFLEX: what all of them have in common."""

    method: ClassVar[str]
    """The wire's name of the request."""
    bucket: ClassVar[str | None] = None
    """Which rate limit it takes from."""
    may_wait: ClassVar[bool] = True
    """False: a command that trades, which never leaves late."""

    def params(self) -> dict[str, object]:
        """The members beside tag and method; those that were not given are left out."""
        return {}


def given(**params: object) -> dict[str, object]:
    """Those that were given."""
    return {name: value for name, value in params.items() if value is not None}


# Checking what goes out -----------------------------------------------------------------------------------------------


def check_integer(command: object, attribute: Attribute[Any], value: object) -> None:
    """Raises `UsageError` for what is not a whole number of the wire."""
    if type(value) is not int or not -MAX_INTEGER <= value <= MAX_INTEGER:
        hint = "; amounts and prices are scaled integers here, Assets.units() and price_units() make them"
        raise UsageError(
            f"{type(command).__name__}({attribute.name}={quoted(value)}): must be an int of at most 63 bits"
            f"{hint if isinstance(value, (float, str, Decimal)) else ''}"
        )


def check_integer_or_none(command: object, attribute: Attribute[Any], value: object) -> None:
    """As `check_integer`, unless it was not given."""
    if value is not None:
        check_integer(command, attribute, value)


def check_positive_or_none(command: object, attribute: Attribute[Any], value: object) -> None:
    """Raises `UsageError` for what is given and not a whole number above 0."""
    if value is not None:
        check_integer(command, attribute, value)
        if isinstance(value, int) and value < 1:
            raise UsageError(f"{type(command).__name__}({attribute.name}={value}): must be above 0")


def check_measure(command: object, quantity: int | None, total: int | None) -> None:
    """Raises `UsageError` unless exactly one of the two is given, and not zero."""
    name = type(command).__name__
    if (quantity is None) == (total is None):
        raise UsageError(f"{name}: give either quantity (base) or total (counter)")
    if 0 in (quantity, total):
        raise UsageError(f"{name}: the amount must not be zero")


# Reading what comes back ----------------------------------------------------------------------------------------------


def read(decoder: msgspec.json.Decoder[T], body: bytes, what: str) -> T:
    """The typed answer. Raises `PayloadError`."""
    try:
        return decoder.decode(body)
    except UNREADABLE:
        return _second_reading(decoder.type, body, what)


def _second_reading(model: type[T], body: bytes, what: str) -> T:
    try:
        return fitted(model, decode_again(body))[0]
    except UNREADABLE as problem:
        raise PayloadError(f"the reply to {what} cannot be read: {quoted(problem)}") from problem


_ANYTHING: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(float_hook=Decimal)

# Anything -------------------------------------------------------------------------------------------------------------

_TRADING: Final = frozenset({"PlaceOrder", "ModifyOrder", "CancelOrder", "CancelAllOrders"})
_QUERIES: Final = frozenset({"GetBalances", "GetOrders", "GetTradeVolume"})
PRIVATE: Final = _TRADING | _QUERIES
_DEEPEST: Final = 50


def _check_request(_command: object, _attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, Mapping) or not isinstance(value.get("method"), str) or not value["method"]:
        raise UsageError('Raw(request): must be a dict with a "method", for example {"method": "GetBalances"}')
    if value["method"] == "Authenticate":
        raise UsageError('Raw({"method": "Authenticate"}): the sign-in happens by itself; give the client credentials')
    if _holds_float(value, 0):
        raise UsageError("Raw(request): a float is not exact, and the wire has whole numbers only")


def _holds_float(value: object, depth: int) -> bool:
    """Whether a float stands anywhere in it, as deep as anybody nests."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and depth < _DEEPEST:
        return any(_holds_float(each, depth + 1) for each in value)
    return isinstance(value, float)


@final
@frozen
class Raw(Command[Any]):
    """Any request: `Raw({"method": "GetBalances"})`; the whole reply as plain Python values.

    The SDK numbers requests itself. A tag of the caller's stands in the reply again and is not what goes over the wire;
    without one the reply has none. Notices of what a raw WatchOrders or WatchTicker starts are dropped: subscribe to topics.
    """

    request: Mapping[str, Any] = field(validator=_check_request)
    """Method and members; what JSON can say."""

    @property
    def bucket(self) -> str | None:
        """Which rate limit it takes from."""
        method = self.request["method"]
        if method in _TRADING or method == "EstimateMarketOrder":
            return ORDERS_BUCKET
        return QUERIES_BUCKET if method in _QUERIES else None

    @property
    def may_wait(self) -> bool:
        """False: it trades."""
        return self.request["method"] not in _TRADING

    @property
    def needs_credentials(self) -> bool:
        """Whether the venue answers it to those only who have signed in."""
        return self.request["method"] in PRIVATE

    def parse(self, body: bytes) -> Any:
        """Plain Python values."""
        reply = read(_ANYTHING, body, str(self.request["method"]))
        if isinstance(reply, dict):
            reply.pop("tag", None)
            if "tag" in self.request:
                return {"tag": self.request["tag"], **reply}
        return reply
