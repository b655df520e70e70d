"""Ctrl-C under trio: out of a wait, as itself, and never in the middle of a step of opening or closing.

trio delivers it to the main task at its next wait, or raises it at once wherever no frame is protected: in a task that is
not, it comes out of a nursery, in a group.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import wraps
from types import TracebackType
from typing import Generic, ParamSpec, TypeVar, final

import trio

P = ParamSpec("P")
T = TypeVar("T")


@final
class Protected(AbstractAsyncContextManager[T], Generic[T]):
    """A context manager whose entering and leaving Ctrl-C does not cut; its block is the user's."""

    def __init__(self, inner: AbstractAsyncContextManager[T]) -> None:
        self._inner = inner

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> T:
        return await self._inner.__aenter__()

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._inner.__aexit__(kind, error, trace)


def protected(make: Callable[P, AsyncIterator[T]]) -> Callable[P, Protected[T]]:
    """As `asynccontextmanager`, protected."""
    opening = asynccontextmanager(make)

    @wraps(make)
    def opened(*args: P.args, **named: P.kwargs) -> Protected[T]:
        return Protected(opening(*args, **named))

    return opened


@contextmanager
def interrupt_alone() -> Iterator[None]:
    """A group in which there is nothing but Ctrl-C comes out as `KeyboardInterrupt`."""
    try:
        yield
    except BaseExceptionGroup as group:
        found: BaseException = group
        while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
            found = found.exceptions[0]
        if not isinstance(found, KeyboardInterrupt):
            raise
    else:
        return
    raise found
