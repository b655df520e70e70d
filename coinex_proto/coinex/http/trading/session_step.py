"""What the parts that trade over HTTP are made of: HTTP commands that follow from each other, and a way to the session.

Without I/O. This module must not know what is traded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.session import Session

T = TypeVar("T")

Module: TypeAlias = Literal["spot", "futures"]
"""The halves of the venue."""

HttpCommands: TypeAlias = Generator[HttpCommand[Any], Any, T]
"""Yields HTTP commands, is sent their results or thrown their errors, returns a `T`; `HttpCaller.run` runs it."""


class Step(Protocol):
    """A client's `step`: does something to its session, and gives what comes of it."""

    def __call__(self, work: Callable[[Session, float], T], /) -> T:
        """What `work` gives, called with the session and its present time."""
        ...
