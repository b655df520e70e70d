"""What of it all a watching terminal shows, and what each key does about that. Pure."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen

ROWS: Final = (1, 3, 5, 10, 20, 50)
"""Rows of each side of a book; after the last as many as fit."""
VIEW_KEYS: Final = {"b": "book", "t": "trades", "i": "ticker", "a": "account"}
HELP: Final = (
    "q quit",
    "n p market",
    "1-9 this market",
    "0 all markets",
    "+ - depth",
    "v view",
    "b book",
    "t trades",
    "i ticker",
    "? keys",
)
"""What `?` lists, in two rows that a terminal of 80 columns has room for."""


@frozen(kw_only=True)
class View:
    """What is shown."""

    what: str
    """The name of a screen."""
    whats: tuple[str, ...] = ()
    """Those that can be switched to; this one is among them."""
    markets: tuple[str, ...] = ()
    """Those that are watched, in the order they were named."""
    market: str | None = None
    """The one that is shown; None: all."""
    rows: int | None = None
    """Of each side of a book, at most; None: as many as fit."""
    takes_keys: bool = False
    """Somebody can press keys, and is told which."""
    shows_keys: bool = False
    """All of them are listed."""
    is_over: bool = False
    """Enough was seen."""

    def shows(self, market: str) -> bool:
        """Whether this market is shown."""
        return self.market in (None, market)

    def pressed(self, key: str) -> View:
        """After this key; the same for one that means nothing."""
        match key:
            case "q":
                return evolve(self, is_over=True)
            case "?" | "h":
                return evolve(self, shows_keys=not self.shows_keys)
            case "n" | "tab" | "right":
                return self._next_market(1)
            case "p" | "back-tab" | "left":
                return self._next_market(-1)
            case "0":
                return evolve(self, market=None)
            case "+" | "=" | "up":
                return evolve(self, rows=next((rows for rows in ROWS if self.rows and rows > self.rows), None))
            case "-" | "down":
                return evolve(self, rows=next((rows for rows in reversed(ROWS) if rows < (self.rows or 51)), ROWS[0]))
            case "v":
                at = self.whats.index(self.what) if self.what in self.whats else -1
                return self._switched(self.whats[(at + 1) % len(self.whats)] if self.whats else self.what)
            case _ if key in VIEW_KEYS:
                return self._switched(VIEW_KEYS[key])
            case _ if key in tuple("123456789") and int(key) <= len(self.markets):
                return evolve(self, market=self.markets[int(key) - 1])
            case _:
                return self

    def _switched(self, what: str) -> View:
        return evolve(self, what=what) if what in self.whats else self

    def _next_market(self, step: int) -> View:
        """Round through all of them together, and each by itself."""
        stops: tuple[str | None, ...] = (None, *self.markets) if len(self.markets) > 1 else (None,)
        return evolve(self, market=stops[(stops.index(self.market) + step) % len(stops)])
