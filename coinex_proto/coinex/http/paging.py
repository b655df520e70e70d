"""Commands that are answered in pages, and the way from one page to the next.

There is no cursor: rows shift while one pages, so a row may come twice (drop it by its id) and one may be missed when
another vanishes; ask by `start_time` and `end_time` where that matters. Source: CoinEx API v2, "Pagination".
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import attrs
from attrs import frozen

from coinex_proto.coinex.http._envelope import Page
from coinex_proto.coinex.http._parameters import Milliseconds, PageNumber, PageSize
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.errors import UsageError

M = TypeVar("M")

DEFAULT_ROWS: Final = 10
"""Rows of a page when no limit is asked for."""


@frozen(kw_only=True)
class PagedCommand(HttpCommand[Page[M]]):
    """A command that is answered with one page of rows `M`. Subclasses need `field_transformer=in_wire_order`."""

    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class HistoryCommand(PagedCommand[M]):
    """A command that is answered with one page of what happened within a time."""

    start_time: Milliseconds | None = None
    """Milliseconds, lower bound."""
    end_time: Milliseconds | None = None
    """Milliseconds, upper bound."""


_LAST: Final = ("start_time", "end_time", "page", "limit")


def in_wire_order(kind: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """The fields of a command as the document has them, time and page last; attrs puts what is inherited first."""
    del kind
    return sorted(fields, key=lambda each: _LAST.index(each.name) if each.name in _LAST else -1)


def next_page(command: HttpCommand[Page[M]], page: Page[M]) -> HttpCommand[Page[M]] | None:
    """The command for the page after this one; None after the last.

    Where the answer does not say whether there is more, a page that is shorter than asked for is the last. Raises
    `UsageError` for a command that has no pages.
    """
    if not isinstance(command, PagedCommand):
        raise UsageError(f"{type(command).__name__} has no pages")
    is_full = len(page.rows) >= (command.limit or DEFAULT_ROWS)
    if not page.rows or not (page.has_next if page.has_next is not None else is_full):
        return None
    following: HttpCommand[Page[M]] = attrs.evolve(command, page=(command.page or 1) + 1)
    return following
