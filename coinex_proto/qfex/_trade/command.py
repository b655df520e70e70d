"""What every request of the Trade socket has in common: its row in the table of requests says how it goes and comes back.

Source: QFEX documentation, Trade pages.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from attrs import fields, frozen

from coinex_proto.commands import Command
from coinex_proto.qfex._trade.requests import REQUESTS
from coinex_proto.updates import Update

R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class TradeCommand(Command[R_co]):
    """A request of the Trade socket. Base class only."""

    is_private: ClassVar[bool] = True
    type: ClassVar[str]
    """The wire's name of the request, and of its row in `REQUESTS`."""

    def params(self) -> dict[str, object]:
        """The wire's parameters, those that were not given left out; `Decimal`s are written as JSON numbers."""
        members: Any = fields(self.__class__)
        return given(**{member.name: getattr(self, member.name) for member in members})

    def local_id(self) -> str:
        """A client order id that helps to find the answer and is not sent; empty for most."""
        return ""

    def parse(self, body: bytes) -> R_co | Update:
        """As its row says; for a command that places an order, the update that the session makes the view of."""
        result: R_co | Update = REQUESTS[self.type].reply(body)
        return result


def given(**params: object) -> dict[str, object]:
    """Those that were given."""
    return {name: value for name, value in params.items() if value is not None}
