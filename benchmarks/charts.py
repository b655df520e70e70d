"""`python -m benchmarks.charts`: the charts in docs/images, drawn from the figures in `results/loopback.json`.

`python -m benchmarks.loopback --json benchmarks/results/loopback.json` writes the figures. This module must not measure.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results" / "loopback.json"
IMAGES = Path(__file__).parent.parent / "docs" / "images"

CHARTS = {
    "benchmark-cpu.svg": ("full blast", "cpu", "CPU per message at full speed, µs"),
    "benchmark-paced.svg": ("paced", "cpu", "CPU per message at 1,000 messages a second, µs"),
    "benchmark-latency.svg": ("paced", "delay", "From the server's send to your function, median, µs"),
}
"""By file: which run, which figure of it, and the title."""

WIDTH = 720
LEFT = 320
"""Where bars begin, in pixels: the longest name fits before it."""
RIGHT = 96
TOP = 54
ROW = 22

STYLE = """\
  text { font: 13px system-ui, sans-serif; fill: #787d84; }
  .title { font-size: 15px; font-weight: 600; }
  .ours { fill: #3b82d6; } rect.theirs { fill: #9a9fa6; }
  text.ours { font-weight: 600; }
  line { stroke: #787d84; stroke-width: 1.5; }"""
"""Greys and a blue that can be read on white and on black: an image does not know the theme of its page."""


def draw(title: str, figures: Mapping[str, Sequence[float]], note: str) -> str:
    """An SVG of one bar a client, the shortest first: the median of its rounds, and a line from the lowest to the highest."""
    rows = sorted(figures.items(), key=lambda row: median(row[1]))
    scale = (WIDTH - LEFT - RIGHT) / max(median(rounds) for rounds in figures.values())
    height = TOP + ROW * len(rows) + 30
    label = f"{title}. " + "; ".join(f"{name}: {_written(median(rounds))}" for name, rounds in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">',
        f"<style>\n{STYLE}\n</style>",
        f'<text class="title" x="8" y="22">{escape(title)}</text>',
        '<text x="8" y="42">The line goes from the lowest round to the highest, cut at the longest bar. Less is better.</text>',
    ]
    for number, (name, rounds) in enumerate(rows):
        top = TOP + ROW * number
        middle = top + ROW / 2
        whose = "ours" if name.startswith("ours") else "theirs"
        lowest, highest = (LEFT + min(scale * end, WIDTH - LEFT - RIGHT) for end in (min(rounds), max(rounds)))
        parts += [
            f'<text class="{whose}" x="{LEFT - 8}" y="{middle + 4:g}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{whose}" x="{LEFT}" y="{top + 4}" width="{scale * median(rounds):.1f}" height="{ROW - 8}" rx="2"/>',
            f'<line x1="{lowest:.1f}" y1="{middle:g}" x2="{highest:.1f}" y2="{middle:g}"/>',
            f'<text x="{highest + 6:.1f}" y="{middle + 4:g}">{_written(median(rounds))}</text>',
        ]
    parts += [f'<text x="8" y="{height - 10}">{escape(note)}</text>', "</svg>"]
    return "\n".join(parts) + "\n"


def _written(figure: float) -> str:
    return f"{figure:.1f}" if figure < 100 else f"{figure:.0f}"


def charts(found: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], note: str) -> dict[str, str]:
    """Every chart by its file name."""
    return {
        file: draw(title, {name: figures[what] for name, figures in found[run].items()}, note)
        for file, (run, what, title) in CHARTS.items()
    }


def main(arguments: Sequence[str]) -> None:
    """Draws from this file, or from the one that is kept."""
    found = json.loads(Path(arguments[0] if arguments else RESULTS).read_text())
    for file, drawn in charts(found, f"{found['date']}, {found['machine']}").items():
        (IMAGES / file).write_text(drawn)
        print(IMAGES / file)


if __name__ == "__main__":
    main(sys.argv[1:])
