"""The control socket of a local exchange: what its page (or any program) sees of it and makes it do. No I/O.

JSON text messages, one answer a request: `{"id": 1, "do": "quote", "with": {"market": "BTCUSDT", ...}}` is answered by
`{"id": 1, "ok": true, "data": ...}` or `{"id": 1, "ok": false, "why": "..."}`. Where a token is needed the first
request is `{"id": 0, "do": "hello", "with": {"token": "..."}}`. Every member of `with` is text.

What a venue offers comes with its `Controls`; what can go wrong stands in the table of faults, and a fault is injected
as a line of its language, so that the page needs to know no fault by name.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec
from attrs import asdict, frozen

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.faults import ACTIONS, ON_CONNECT, ON_PUSH, ON_REQUEST
from coinex_proto.simulator.hosting.websocket_server import text_frame

LONGEST_TEXT: Final = 200
LONGEST_NUMBER: Final = 24

Kind: TypeAlias = Literal["number", "choice", "market", "order", "text"]
Arguments: TypeAlias = Mapping[str, str]
Verb: TypeAlias = Callable[[Arguments], object]


class ControlError(ValueError):
    """The request cannot be carried out; says why."""


@frozen(kw_only=True)
class Argument:
    """One argument of a verb or a fault, as a form asks for it."""

    name: str
    kind: Kind = "number"
    default: str = ""
    choices: tuple[str, ...] = ()
    is_optional: bool = False


@frozen(kw_only=True)
class Form:
    """One button: what it needs, and in words what it does."""

    name: str
    says: str
    arguments: tuple[Argument, ...] = ()


def _number(name: str, default: str, *, is_optional: bool = False) -> Argument:
    return Argument(name=name, default=default, is_optional=is_optional)


def _choice(name: str, *choices: str, is_optional: bool = False) -> Argument:
    return Argument(name=name, kind="choice", choices=choices, default=choices[0], is_optional=is_optional)


_ANY_MARKET: Final = Argument(name="market", kind="market", default="all")

FAULT_FORMS: Final = (
    Form(
        name="drop",
        says="every socket breaks",
        arguments=(_choice("how", "rst", "fin"), _choice("where", "", "mid-frame", is_optional=True)),
    ),
    Form(name="silence", says="half-open: nothing is read or written any more"),
    Form(name="stall", says="nothing moves for so long, nothing is lost", arguments=(_number("seconds", "5"),)),
    Form(name="slow", says="bytes drip", arguments=(_number("bytes a second", "500"), _number("for seconds", "10"))),
    Form(
        name="delay",
        says="bytes come later",
        arguments=(_number("by seconds", "1"), _number("for seconds", "10", is_optional=True)),
    ),
    Form(name="skew", says="the exchange's clock is off", arguments=(_number("seconds", "600"),)),
    Form(name="sign-out", says="the sign-in of every socket is forgotten"),
    Form(name="halt", says="trading stops: acknowledged, and nothing is sent", arguments=(_ANY_MARKET,)),
    Form(name="resume", says="trading goes on", arguments=(_ANY_MARKET,)),
    Form(name="pings", says="WebSocket pings are answered or not", arguments=(_choice("answered", "off", "on"),)),
    Form(
        name="maintenance",
        says="a notice of maintenance is pushed, seconds from now",
        arguments=(_number("begin", "60"), _number("end", "3600")),
    ),
    Form(name="refuse", says="the request is answered with this code", arguments=(_number("code", "20001"),)),
    Form(name="ignore", says="the request is neither carried out nor answered"),
    Form(name="lose-answer", says="the request is carried out and not answered"),
    Form(name="late", says="the request is answered late", arguments=(_number("seconds", "3"),)),
    Form(name="lose", says="the push is lost"),
    Form(name="duplicate", says="the push comes twice"),
    Form(name="corrupt", says="the push is no sound gzip"),
    Form(name="wrong-checksum", says="the checksum of the book is wrong"),
    Form(name="delta-first", says="a difference before the first whole book"),
    Form(
        name="http",
        says="the handshake is refused with this status",
        arguments=(_number("status", "503"), _number("retry after", "3", is_optional=True)),
    ),
    Form(name="hang", says="the handshake is never answered"),
)
"""How a person is asked for the arguments of each fault; the table of faults says which there are."""


def _when(action: str) -> str:
    tables = (("request", ON_REQUEST), ("push", ON_PUSH), ("connect", ON_CONNECT))
    return next((name for name, table in tables if action in table), "now")


def fault_forms() -> list[dict[str, Any]]:
    """Every fault of the table, in its order, with `when`: now, request, push or connect."""
    forms = {form.name: form for form in FAULT_FORMS}
    return [{**asdict(forms[action]), "when": _when(action)} for action in ACTIONS]


class Controls(Protocol):
    """What a venue offers."""

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """By name."""
        ...

    def hello(self) -> dict[str, Any]:
        """What does not change while it runs."""
        ...


class ControlSocket:
    """One control connection."""

    def __init__(self, connection: ServerConnection, controls: Controls, token: str | None) -> None:
        self._connection = connection
        self._controls = controls
        self._token = token
        self._is_admitted = token is None

    def message(self, message: str | bytes) -> None:
        """One request."""
        try:
            request = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._answer({"id": None, "ok": False, "why": "not JSON"})
            return
        identity = request.get("id") if isinstance(request, dict) else None
        if type(identity) is not int:
            self._answer({"id": None, "ok": False, "why": "a request is an object with a whole number as its id"})
            return
        try:
            self._answer({"id": identity, "ok": True, "data": self._do(request.get("do"), request.get("with", {}))})
        except (ValueError, LookupError) as error:
            why = str(error) if isinstance(error, ValueError) else f"there is no {error}"
            self._answer({"id": identity, "ok": False, "why": why})
        if not self._is_admitted:
            self._connection.end("fin")

    def closed(self) -> None:
        """Nothing is kept of it."""

    def _do(self, name: object, given: object) -> object:
        if not isinstance(name, str) or not isinstance(given, dict):
            raise ControlError("a request says `do` as text and `with` as an object")
        if not all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in given.values()):
            raise ControlError(f"arguments are texts of up to {LONGEST_TEXT} characters")
        if not self._is_admitted:
            self._is_admitted = name == "hello" and _is_same(given.get("token", ""), self._token or "")
            if not self._is_admitted:
                raise ControlError("the token is missing or wrong: it stands in the address that the exchange printed")
        if name == "hello":
            return {**self._controls.hello(), "faults": fault_forms()}
        verb = self._controls.verbs.get(name)
        if verb is None:
            raise ControlError(f"no verb {name[:40]!r}; there are hello, {', '.join(self._controls.verbs)}")
        return verb(given)

    def _answer(self, answer: dict[str, Any]) -> None:
        self._connection.send_frame(text_frame(msgspec.json.encode(answer)))


def text_of(given: Arguments, name: str) -> str:
    """An argument that must be there.  Raises ControlError."""
    if not given.get(name):
        raise ControlError(f"{name} is missing")
    return given[name]


def amount_of(given: Arguments, name: str) -> str:
    """A number above zero, as text.  Raises ControlError."""
    text = text_of(given, name)
    if len(text) > LONGEST_NUMBER or not text.replace(".", "", 1).isdecimal() or not text.strip("0."):
        raise ControlError(f"{name}: {text[:LONGEST_NUMBER]!r} is no number above zero")
    return text


def _is_same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
