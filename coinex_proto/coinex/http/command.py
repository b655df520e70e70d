"""An HTTP command, a value: its route, its parameters, and what its answer is read as.

An endpoint of the document is a small class: the route, the parameters as fields under their wire names in wire order, and
the result as the argument of `HttpCommand`. Whatever a field may not be is refused when the command is made. `Call` is
any other command. Nothing here signs, sends or waits.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import field, frozen

from coinex_proto.coinex.http._envelope import Envelope, open_envelope, rows_of
from coinex_proto.coinex.http._parameters import Json, written, written_freely
from coinex_proto.coinex.http._routes import Route, route_of
from coinex_proto.coinex.http._type_arguments import argument_of
from coinex_proto.coinex.http.errors import HttpRefused
from coinex_proto.coinex.http.trading._lookups import question_about
from coinex_proto.commands import Command

R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class HttpCommand(Command[R_co]):
    """One HTTP command; `R` is what its answer is read as. Raises `UsageError` when made with what cannot be sent."""

    @property
    def route(self) -> Route:
        """Method, path and rate group."""
        raise NotImplementedError(f"{type(self).__name__} has no route")

    def __attrs_post_init__(self) -> None:
        self.parameters()
        self.check()

    def check(self) -> None:
        """Raises `UsageError` for fields that do not go together."""

    def parameters(self) -> Mapping[str, Json]:
        """What is sent, under the wire's names and in the wire's order."""
        return written(self)

    def question(self) -> str:
        """The query that tells what became of it, should its answer be lost; empty where none is known."""
        return question_about(self.route.path, self.parameters()) if self.route.changes_something else ""

    @property
    def cost(self) -> int:
        """Units of the route's rate group."""
        name = self.route.cost_per_item
        items = self.parameters().get(name) if name is not None else None
        return max(1, len(items)) if isinstance(items, list) else 1

    def read(self, envelope: Envelope) -> R_co:
        """The result, from a successful answer. Raises `PayloadError` when the data does not fit."""
        result: R_co = rows_of(result_type(type(self)), envelope)
        return result

    def parse(self, body: bytes) -> R_co:
        """The result, from the whole body of an answer with status 200.

        Raises `HttpRefused` when its code is not 0, `PayloadError` when it cannot be read.
        """
        envelope = open_envelope(body)
        if envelope.code != 0:
            raise HttpRefused(envelope.code, envelope.message, command=self, endpoint=str(self.route), status=200)
        return self.read(envelope)


def result_type(kind: type[HttpCommand[Any]]) -> object:
    """What the answer to this class of command is read as: the argument of `HttpCommand`."""
    result: object = argument_of(kind, HttpCommand)
    if isinstance(result, TypeVar):
        raise TypeError(f"{kind} does not say what its answer is read as")
    return result


def _fixed(given: Mapping[str, object]) -> Mapping[str, object]:
    return types.MappingProxyType(dict(given))


@frozen(kw_only=True)
class Call(HttpCommand[Json]):
    """Any command, documented as a class here or not; its answer is the `data` member as plain JSON, fractions exact."""

    method: str
    path: str
    """Below the base URL: "/spot/order"."""
    arguments: Mapping[str, object] = field(factory=dict, converter=_fixed)

    @property
    def route(self) -> Route:
        """Looked up by method and path."""
        return route_of(self.method, self.path)

    def parameters(self) -> Mapping[str, Json]:
        """The arguments in wire form, without those that are None."""
        given = self.arguments.items()
        return {name: written_freely(value, name) for name, value in given if value is not None}

    def check(self) -> None:
        """Raises `UsageError` for a route that cannot be."""
        _ = self.route

    def read(self, envelope: Envelope) -> Json:
        """The `data` member as it came."""
        return envelope.data


def call(method: str, path: str, /, **parameters: object) -> Call:
    """The command for any of the venue's endpoints: `call("GET", "/futures/ticker", market="BTCUSDT")`.

    Raises `UsageError` for floats, a method other than GET and POST, and a path that is not one.
    """
    return Call(method=method, path=path, arguments=parameters)
