"""The requests of the CoinEx v2 sockets. There is no order placement and no query on them; that is HTTP.

Source: CoinEx API v2, server.ping, server.time, server.sign and the subscribe pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar, final

import msgspec
from attrs import Attribute, field, frozen

from coinex_proto.commands import Command
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.errors import PayloadError, UsageError, quoted

R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class SocketCommand(Command[R_co]):
    """A request of the CoinEx v2 sockets: what all of them have in common."""

    def wire(self) -> tuple[str, object]:
        """Method and params."""
        raise NotImplementedError(f"{type(self).__name__} has no wire form")


@final
@frozen(kw_only=True)
class Ping(SocketCommand[str | None]):
    """Proves that the connection works; the answer is "pong". Needs no sign-in."""

    def wire(self) -> tuple[str, object]:
        """Method and params."""
        return "server.ping", {}

    def parse(self, body: bytes) -> str | None:
        """The exchange's word, "pong"."""
        return _member(body, "result", str)


@final
@frozen(kw_only=True)
class ServerTime(SocketCommand[int]):
    """The exchange's clock in Unix milliseconds."""

    def wire(self) -> tuple[str, object]:
        """Method and params."""
        return "server.time", {}

    def parse(self, body: bytes) -> int:
        """Unix milliseconds."""
        stamp = _member(body, "timestamp", int)
        if stamp is None:
            raise PayloadError("the answer to server.time holds no timestamp")
        return stamp


def _check_text(command: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{type(command).__name__}({attribute.name}={quoted(value)}): must be a non-empty str")


@final
@frozen
class Raw(SocketCommand[Any]):
    """Any request: `Raw("server.time", {})`; the answer's `data` as plain Python values, None when there is none.

    Numbers with a point come as `Decimal`. Subscribe by topics instead: pushes of topics that are not subscribed to are dropped.
    """

    method: str = field(validator=_check_text)
    params: Any = field(factory=dict)
    """What JSON can say: dict, list, str, int, bool, None, Decimal (sent as text)."""

    def wire(self) -> tuple[str, object]:
        """Method and params."""
        return self.method, self.params

    def parse(self, body: bytes) -> Any:
        """Plain Python values."""
        return _value(body) if body else None


@final
@frozen(kw_only=True)
class Sign(SocketCommand[None]):
    """The sign-in, once a connection; the session sends it by itself."""

    access_id: str = field(repr=False)
    signed_str: str = field(repr=False)
    timestamp: int
    """Unix milliseconds: the very number that was signed."""

    def wire(self) -> tuple[str, object]:
        """Method and params."""
        return "server.sign", {
            "access_id": self.access_id,
            "signed_str": self.signed_str,
            "timestamp": self.timestamp,
        }

    def parse(self, body: bytes) -> None:
        """Nothing: the acknowledgement is all."""
        return


@frozen(kw_only=True)
class _TopicRequest(SocketCommand[None]):
    """Topics of one kind; made from topics by the dialect."""

    verb: ClassVar[str]
    kind: str
    parameter: str
    values: Sequence[object]

    def wire(self) -> tuple[str, object]:
        """Method and params."""
        return f"{self.kind}.{self.verb}", {self.parameter: self.values}

    def parse(self, body: bytes) -> None:
        """Nothing: the acknowledgement is all."""
        return


@final
@frozen(kw_only=True)
class Subscribe(_TopicRequest):
    """Starts topics of one kind."""

    verb: ClassVar[str] = "subscribe"


@final
@frozen(kw_only=True)
class Unsubscribe(_TopicRequest):
    """Ends topics of one kind."""

    verb: ClassVar[str] = "unsubscribe"


# Reading answers --------------------------------------------------------------------------------------------------------

T = TypeVar("T", str, int)


def _value(body: bytes) -> Any:
    try:
        return decode_plain(body)
    except UNREADABLE as problem:
        raise PayloadError(f"the answer's data cannot be read: {quoted(problem)}") from problem


def _member(body: bytes, name: str, kind: type[T]) -> T | None:
    """One member of the answer's data, numbers also as text; None when it is not there."""
    data = _value(body) if body else None
    found = data.get(name) if isinstance(data, dict) else None
    if found is None:
        return None
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.MsgspecError as problem:
        raise PayloadError(f"the answer's {name} is {quoted(found)}: {problem}") from problem
