"""What every request of the Trade socket has in common, and `Raw`, which is any request.

Source: QFEX documentation, Trade pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar, final

from attrs import Attribute, field, frozen

from coinex_proto.commands import Command
from coinex_proto.errors import UsageError, quoted
from coinex_proto.qfex._trade import replies as _replies

R_co = TypeVar("R_co", covariant=True)

NO_OWN_REQUEST: Final = {
    "auth": "the sign-in happens by itself",
    "cancel_on_disconnect": "it cancels every open order of the account: trade(…, cancel_on_disconnect=True) switches it on",
}
"""Requests that only the opening of a connection sends."""


@frozen(kw_only=True)
class TradeCommand(Command[R_co]):
    """A request of the Trade socket: what all of them have in common."""

    is_private: ClassVar[bool] = True
    type: ClassVar[str]
    """The wire's name of the request."""

    def params(self) -> dict[str, object]:
        """The wire's parameters, those that were not given left out; `Decimal`s are written as JSON numbers."""
        raise NotImplementedError(f"{type(self).__name__} has no wire form")

    def local_id(self) -> str:
        """A client order id that helps to find the answer and is not sent; empty for most."""
        return ""


def _check_type(command: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{type(command).__name__}({attribute.name}={quoted(value)}): must be a non-empty str")
    if value in NO_OWN_REQUEST:
        raise UsageError(f"Raw({value!r}): {NO_OWN_REQUEST[value]}")


@final
@frozen
class Raw(Command[Any]):
    """Any request of either socket: `Raw("get_user_orders", {"limit": 10})`; the whole answer as plain Python values.

    On MDS the params stand at the top level of the message. Numbers of an answer come as `Decimal`s where they have a
    point. The answer to a type that this SDK does not know cannot be found; an error is.
    """

    type: str = field(validator=_check_type)
    params: Mapping[str, Any] = field(factory=dict)
    """What JSON can say; a `Decimal` is written as a number, a float is refused."""

    def parse(self, body: bytes) -> Any:
        """Plain Python values."""
        return _replies.plain(body) if body else None


def given(**params: object) -> dict[str, object]:
    """Those that were given."""
    return {name: value for name, value in params.items() if value is not None}
