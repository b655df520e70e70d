"""`Raw`: any request of either socket.

Source: QFEX documentation, MDS and Trade pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

from attrs import Attribute, field, frozen

from coinex_proto.commands import Command
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.errors import PayloadError, UsageError, quoted

NO_OWN_REQUEST: Final = {
    "auth": "the sign-in happens by itself",
    "cancel_on_disconnect": "it cancels every open order of the account: trade(…, cancel_on_disconnect=True) switches it on",
}
"""Requests that only the opening of a connection sends."""


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
        if not body:
            return None
        try:
            return decode_plain(body)
        except UNREADABLE as problem:
            raise PayloadError(f"the answer cannot be read: {quoted(problem)}") from problem
