"""A market of a recording as a picture: depth, mid and trades, spread, latency; what was not seen is hatched.

Needs matplotlib (extra `plot`). Numbers become floats here, since a picture has no digits; nowhere else.
"""

from __future__ import annotations

import base64
import html
import importlib
import io
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define

from coinex_proto import BookChanged, Event, Lost, Restored, Update, UsageError
from coinex_proto.recording import RecordingGap
from coinex_recorder.reading import header, replay
from coinex_recorder.rows import rows_of
from coinex_recorder.tables import TRADES

COLUMNS: Final = 400
"""Of the heat map: books between two columns are not drawn."""
ROWS: Final = 120
MOST: Final = 50_000
"""Points of a curve; of more, every so-manieth."""
BID, ASK, GAP = "#1a9850", "#d73027", "#888888"


@define
class _Seen:
    """What is drawn of one market."""

    times: list[float] = Factory(list)
    mids: list[float] = Factory(list)
    spreads: list[float] = Factory(list)
    books: list[tuple[float, list[tuple[float, float]], list[tuple[float, float]]]] = Factory(list)
    trades: list[tuple[float, float, float, str]] = Factory(list)
    latencies: list[float] = Factory(list)
    gaps: list[tuple[float, float]] = Factory(list)
    lost_at: float | None = None
    first: float = math.inf
    last: float = -math.inf


def plot(
    path: str | os.PathLike[str],
    to: str | os.PathLike[str],
    *,
    market: str | None = None,
    any_version: bool = False,
) -> None:
    """Draws one market of a recording (the first that has a book, unless named) into a .png or .html file, which is written over.

    Raises `UsageError` for what is no recording, a market without a book in it, another kind of file, and without matplotlib.
    """
    target = Path(to)
    if target.suffix not in (".png", ".html"):
        raise UsageError(f"{target}: a picture is a .png or .html file")
    try:
        figures = importlib.import_module("matplotlib.figure")
    except ImportError:
        raise UsageError("drawing needs matplotlib: pip install 'coinex-sdk[plot]'") from None
    found, seen = _look(path, market, any_version)
    figure = figures.Figure(figsize=(13, 9), layout="constrained")
    _draw(figure, seen, f"{header(path).name}  {found}")
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=110)
    if target.suffix == ".png":
        target.write_bytes(image.getvalue())
    else:
        inside = base64.b64encode(image.getvalue()).decode()
        title = html.escape(f"{header(path).name} {found}")
        target.write_text(
            f'<!doctype html><meta charset="utf-8"><title>{title}</title><img alt="{title}" style="max-width:100%" '
            f'src="data:image/png;base64,{inside}">\n'
        )


def _look(path: str | os.PathLike[str], market: str | None, any_version: bool) -> tuple[str, _Seen]:
    seen, step = _Seen(), 0.0
    for event in replay(path, any_version=any_version):
        if isinstance(event, BookChanged):
            market = event.market if market is None else market
            if event.market != market or event.book.received_at is None:
                continue
            _take_book(seen, event, event.book.received_at, step)
            step = (seen.last - seen.first) / COLUMNS
            if len(seen.books) > 2 * COLUMNS:
                del seen.books[1::2]
        elif isinstance(event, Update):
            _take_update(seen, event, market)
        else:
            _take_gap(seen, event, market)
    if market is None or not seen.books:
        which = "no book of any market" if market is None else f"no book of {market}"
        raise UsageError(f"{path} has {which}: there is nothing to draw")
    return market, seen


def _take_gap(seen: _Seen, event: Event, market: str | None) -> None:
    if isinstance(event, RecordingGap) and event.since is not None and event.until is not None:
        seen.gaps.append((event.since, event.until))
    elif isinstance(event, Lost) and seen.lost_at is None:
        if _is_of_book(event, market):
            seen.lost_at = max(event.since, seen.last)
    elif isinstance(event, Restored) and _is_of_book(event, market):
        if seen.lost_at is not None and seen.lost_at > -math.inf:
            seen.gaps.append((seen.lost_at, event.until))
        seen.lost_at = None


def _is_of_book(event: Lost | Restored, market: str | None) -> bool:
    """Other topics come and go by themselves."""
    return any(topic.event is BookChanged and topic.key[1] == market for topic in event.topics)


def _take_update(seen: _Seen, event: Update, market: str | None) -> None:
    if event.venue_time is not None:
        seen.latencies.append((event.received_at - event.venue_time) * 1e3)
    for table, name, rows in rows_of(event):
        if table is TRADES and name == market:
            seen.trades += [(event.received_at, float(row[4]), float(row[5]), str(row[3])) for row in rows]


def _take_book(seen: _Seen, event: BookChanged, at: float, step: float) -> None:
    seen.first, seen.last = min(seen.first, at), max(seen.last, at)
    bids = [(float(price), float(size)) for price, size in event.book.bids]
    asks = [(float(price), float(size)) for price, size in event.book.asks]
    if bids and asks:
        seen.times.append(at)
        seen.mids.append((bids[0][0] + asks[0][0]) / 2)
        seen.spreads.append(asks[0][0] - bids[0][0])
    if not seen.books or at - seen.books[-1][0] >= step:
        seen.books.append((at, bids, asks))


def _draw(figure: Any, seen: _Seen, title: str) -> None:
    book, spread, latency = figure.subplots(3, 1, height_ratios=(5, 1.4, 1.4))
    dates = [datetime.fromtimestamp(at, UTC) for at in seen.times]
    every = max(1, len(dates) // MOST)
    _heat(figure, book, seen)
    book.step(dates[::every], seen.mids[::every], where="post", color="black", linewidth=1, label="mid")
    for side, colour, marker in (("buy", BID, "^"), ("sell", ASK, "v")):
        some = [one for one in seen.trades if one[3] == side]
        largest = max((one[2] for one in some), default=1.0)
        book.scatter(
            [datetime.fromtimestamp(one[0], UTC) for one in some],
            [one[1] for one in some],
            s=[8 + 60 * one[2] / largest for one in some],
            c=colour,
            marker=marker,
            linewidths=0.4,
            edgecolors="white",
            label=f"trades, {side}",
            zorder=3,
        )
    book.set(title=title, ylabel="price")
    spread.step(dates[::every], seen.spreads[::every], where="post", color="#444444", linewidth=0.8)
    spread.set(ylabel="spread", ylim=(0, None))
    for axes in (book, spread):
        for number, (since, until) in enumerate(seen.gaps):
            axes.axvspan(
                datetime.fromtimestamp(since, UTC),
                datetime.fromtimestamp(until, UTC),
                facecolor="white",
                edgecolor=GAP,
                hatch="///",
                linewidth=0,
                alpha=0.9,
                zorder=2,
                label="not seen" if number == 0 else None,
            )
        axes.set_xlim(datetime.fromtimestamp(seen.first, UTC), datetime.fromtimestamp(seen.last, UTC))
        axes.grid(alpha=0.2)
    book.tick_params(labelbottom=False)
    book.legend(loc="upper left", framealpha=0.9, ncols=4, fontsize="small")
    spread.set_xlabel("UTC")
    _latency(latency, seen)


def _heat(figure: Any, axes: Any, seen: _Seen) -> None:
    """Sizes by price and time, on a logarithmic scale of colours: a column a book."""
    prices = sorted(price for _, bids, asks in seen.books for price, _ in (*bids, *asks))
    if not prices:
        return
    low, high = prices[len(prices) // 100], prices[-1 - len(prices) // 100]
    height = (high - low) / ROWS or 1.0
    columns: list[list[float]] = []
    for _, bids, asks in seen.books:
        column = [0.0] * ROWS
        for price, size in (*bids, *asks):
            row = int((price - low) / height)
            if 0 <= row < ROWS:
                column[row] += size
        columns.append(column)
    colours = importlib.import_module("matplotlib.colors")
    sizes = sorted(size for column in columns for size in column if size)
    norm = colours.LogNorm(max(sizes[len(sizes) // 50], 1e-12), max(sizes[-1 - len(sizes) // 200], 2e-12))
    edges = [datetime.fromtimestamp(at, UTC) for at, _, _ in seen.books]
    edges.append(datetime.fromtimestamp(seen.last + 1e-3, UTC))
    levels = [low + height * row for row in range(ROWS + 1)]
    cells = [[column[row] or math.nan for column in columns] for row in range(ROWS)]
    mesh = axes.pcolormesh(edges, levels, cells, norm=norm, cmap="YlGnBu", rasterized=True, zorder=0)
    figure.colorbar(mesh, ax=axes, label="size", pad=0.01)


def _latency(axes: Any, seen: _Seen) -> None:
    axes.set(
        xlabel="milliseconds from the venue's time stamp until received, both clocks as they were", ylabel="updates"
    )
    if not seen.latencies:
        axes.text(0.5, 0.5, "no update has a time stamp", ha="center", va="center", transform=axes.transAxes)
        return
    ordered = sorted(seen.latencies)
    axes.hist(ordered[: len(ordered) - len(ordered) // 200], bins=80, color="#4575b4")
    for share in (0.5, 0.99):
        at = ordered[min(len(ordered) - 1, int(len(ordered) * share))]
        axes.axvline(at, color="black", linewidth=0.8, linestyle=":")
        axes.annotate(f" {share:.0%}: {at:.1f} ms", (at, 0.85), xycoords=("data", "axes fraction"), fontsize="small")
