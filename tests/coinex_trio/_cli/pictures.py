"""The pictures of `coinex watch` in the docs: its own drawing code, on a local exchange in memory, exported by rich.

`make pictures` writes them; a test draws them anew, so that they show what a user sees.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI

from coinex_proto import Closed, CloseReason, Event, Lost, Retrying
from coinex_proto.coinex import Depth, Ticker, Trades
from coinex_trio import CoinexClient, memory_exchange
from coinex_trio._cli.screens import screen
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.view import View

PICTURES: Final = Path(__file__).parent.parent.parent.parent / "docs" / "images"
DRAWN_BY: Final = "15.0.0"
"""The version of rich whose export stands in the docs: another one may write the same picture in other words."""
WIDTH, HEIGHT = 96, 24
MARKETS: Final = ("BTCUSDT", "ETHUSDT", "LTCUSDT")
FORMAT: Final = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Without the fonts that it would load from elsewhere: a picture loads nothing."""


def seen_in_a_minute() -> Seen:
    """Three lively markets, a minute long."""
    exchange = memory_exchange(seed=7, markets=MARKETS, rate=6.0)
    with CoinexClient(network=exchange.network) as client:
        seen = Seen(client.stats, connection="connected")
        client.on(Event)(seen.take)
        for market in MARKETS:
            client.subscribe(Ticker(market), Depth(market), Trades(market))
        client.run(seconds=60)
        seen.rate(0.0)
        client.run(seconds=3)
        seen.rate(3.0)
    seen.connection = "connected"
    seen.lost.clear()
    return seen


def lost(seen: Seen) -> Seen:
    """The same a moment after the connection broke."""
    why = "the connection broke: the peer has gone"
    seen.take(Lost(topics=tuple(Depth(market) for market in MARKETS), since=1.0, why=why))
    seen.take(Closed(reason=CloseReason(code=1006, text="the peer has gone")))
    seen.take(Retrying(attempt=1, at=2.0))
    return seen


def svg(what: str, seen: Seen, view: View) -> str:
    """What the terminal shows, as a picture that needs nothing from elsewhere."""
    out = Console(
        record=True, width=WIDTH, height=HEIGHT, file=io.StringIO(), force_terminal=True, color_system="truecolor",
        legacy_windows=False, markup=False, emoji=False, highlight=False, _environ={},
    )  # fmt: skip
    out.print(screen(what, seen, WIDTH, HEIGHT, 3.0, view))
    title = " ".join(("coinex watch", what, *view.markets))
    return out.export_svg(title=title, theme=MONOKAI, code_format=FORMAT, unique_id=f"watch-{what}")


def _view(what: str, market: str | None) -> View:
    return View(what=what, whats=("ticker", "book", "trades"), markets=MARKETS, market=market, takes_keys=True)


DRAWN: Final[dict[str, Callable[[Seen], str]]] = {
    "watch-book.svg": lambda seen: svg("book", seen, _view("book", "BTCUSDT")),
    "watch-ticker.svg": lambda seen: svg("ticker", seen, _view("ticker", None)),
    "watch-lost.svg": lambda seen: svg("book", lost(seen), _view("book", "BTCUSDT")),
}
"""By file name; the lost one last."""


def drawn() -> dict[str, str]:
    """All of them."""
    seen = seen_in_a_minute()
    return {name: draw(seen) for name, draw in DRAWN.items()}


def is_comparable() -> bool:
    """Whether this rich writes what stands in the docs, letter by letter."""
    return version("rich") == DRAWN_BY


if __name__ == "__main__":
    assert is_comparable(), f"draw them with rich {DRAWN_BY}"
    PICTURES.mkdir(exist_ok=True)
    for name, picture in drawn().items():
        (PICTURES / name).write_text(picture)
        print(PICTURES / name)
