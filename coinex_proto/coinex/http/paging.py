"""From one page of a list to the next.

There is no cursor: rows shift while one pages, so a row may come twice (drop it by its id) and one may be missed when
another vanishes; ask by `start_time` and `end_time` where that matters. Source: CoinEx API v2, "Pagination".
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import attrs

from coinex_proto.coinex.http._envelope import Page
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.errors import UsageError

M = TypeVar("M")

DEFAULT_ROWS: Final = 10
"""Rows of a page when no limit is asked for."""


def next_page(command: HttpCommand[Page[M]], page: Page[M]) -> HttpCommand[Page[M]] | None:
    """The command for the page after this one; None after the last.

    Where the answer does not say whether there is more, a page that is shorter than asked for is the last. Raises
    `UsageError` for a command that has no pages.
    """
    fields: Any = command
    if not {"page", "limit"} <= {each.name for each in attrs.fields(type(command))}:
        raise UsageError(f"{type(command).__name__} has no pages")
    is_full = len(page.rows) >= (fields.limit or DEFAULT_ROWS)
    if not page.rows or not (page.has_next if page.has_next is not None else is_full):
        return None
    following: HttpCommand[Page[M]] = attrs.evolve(fields, page=(fields.page or 1) + 1)
    return following
