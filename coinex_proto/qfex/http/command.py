"""A call of QFEX over HTTP, a value: method, path, parameters, and what its answer is read as. Nothing here signs or sends.

A field of a command is a parameter under its wire name: it fills the path where that has its name, stands in the body
where the class says so, and in the query otherwise. Source: OpenAPI files of the venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from attrs import Attribute, fields, frozen

from coinex_proto.commands import Command
from coinex_proto.errors import PayloadError, UsageError, quoted
from coinex_proto.qfex._checks import Validator
from coinex_proto.qfex._messages import text_of
from coinex_proto.qfex._times import nanoseconds
from coinex_proto.qfex.http._reading import read_json, read_text

R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class HttpCommand(Command[R_co]):
    """One call; `R` is what its answer is read as. Base class only."""

    method: ClassVar[str] = "GET"
    path: ClassVar[str]
    """With `{symbol}` where the parameter of that name goes."""
    is_signed: ClassVar[bool] = False
    in_body: ClassVar[frozenset[str]] = frozenset()
    reads: ClassVar[Any] = None
    """The class of the answer; str: its text; None: nothing is read."""

    @property
    def changes_something(self) -> bool:
        """It is sent once: what became of it, when no answer comes, is not known."""
        return self.method != "GET"

    @property
    def endpoint(self) -> str:
        """Method and path, for errors and logs."""
        return f"{self.method} {self.path}"

    @property
    def target(self) -> str:
        """Path and query, percent-encoded."""
        parameters = self._parameters()
        path = self.path
        query = []
        for name, value in parameters.items():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif name not in self.in_body:
                query.append(f"{name}={quote(str(value), safe='')}")
        return path + ("?" + "&".join(query) if query else "")

    @property
    def body(self) -> bytes:
        """JSON with exact numbers; empty where nothing belongs there."""
        given = {name: value for name, value in self._parameters().items() if name in self.in_body}
        return text_of(given) if given else b""

    def parse(self, body: bytes) -> R_co:
        """The result, from the whole body of an answer with status 200. Raises `PayloadError` when it cannot be read."""
        result: R_co
        if self.reads is str:
            result = read_text(body)  # type: ignore[assignment]
        else:
            result = read_json(self.reads, body)
        return result

    def _parameters(self) -> Mapping[str, object]:
        members: Any = fields(self.__class__)
        found = {member.name: getattr(self, member.name) for member in members}
        return {name: value for name, value in found.items() if value is not None}


def to_time(value: str | datetime) -> str:
    """RFC 3339, from such a text or a `datetime` with a time zone. Raises `UsageError` for anything else."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UsageError(f"a time needs a time zone: {value.isoformat()}")
        return value.isoformat()
    if not isinstance(value, str):
        raise UsageError(f"a time must be an RFC 3339 text or a datetime, not {quoted(value)}")
    try:
        nanoseconds(value)
    except PayloadError as problem:
        raise UsageError(f"{quoted(value)} is no RFC 3339 time, like 2026-11-28T09:30:00Z") from problem
    return value


def to_time_or_none(value: str | datetime | None) -> str | None:
    """The same, or not said."""
    return None if value is None else to_time(value)


def within(least: int, most: int) -> Validator:
    """A validator: a whole number within these bounds, or None."""

    def check(owner: object, attribute: Attribute[Any], value: object) -> None:
        if value is None:
            return
        if type(value) is not int or not least <= value <= most:
            what = f"{type(owner).__name__}({attribute.name}={quoted(value)})"
            raise UsageError(f"{what}: must be a whole number from {least} to {most}")

    return check
