"""State diagrams as SVG: what the Mermaid blocks of the pages say, laid out when the site is built.

The blocks come from the tables that the code runs on. Only what those use of Mermaid is read: `[*]`, `a --> b`,
and `a --> b: label`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import Any

from docutils import nodes
from grandalf.graphs import Edge, Graph, Vertex
from grandalf.layouts import SugiyamaLayout
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

LINE = re.compile(r"^(\[\*\]|\w+) --> (\[\*\]|\w+)(?:: (.*))?$")
ENDS = {"[*]"}
LETTER, ROW, PAD, LABEL_WIDTH = 7.4, 15.0, 12.0, 26
MOST_LABELS = 14
"""With more arrows than this they are numbered, and a list says what the numbers mean."""
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" fill="currentColor"/></marker></defs>'
)


class Box:
    """Size and place of one state, as grandalf wants it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.w = 14.0 if text in ENDS else len(text) * LETTER + 2 * PAD
        self.h = 14.0 if text in ENDS else ROW + PAD
        self.xy = (0.0, 0.0)


def arrows(text: str) -> list[tuple[str, str, str]]:
    """From, to and label of each arrow; raises `ValueError` for a line that is not understood."""
    found: list[tuple[str, str, str]] = []
    for line in map(str.strip, text.splitlines()):
        if not line or line == "stateDiagram-v2":
            continue
        arrow = LINE.match(line)
        if arrow is None:
            raise ValueError(f"not a line of a state diagram that can be drawn: {line!r}")
        source = "start" if arrow[1] in ENDS else arrow[1]
        target = "end" if arrow[2] in ENDS else arrow[2]
        found.append((source, target, arrow[3] or ""))
    return found


def drawing(text: str) -> str:
    """The diagram as SVG."""
    found = arrows(text)
    names = list(dict.fromkeys(name for source, target, _ in found for name in (source, target)))
    boxes = {name: Vertex(name) for name in names}
    for name, vertex in boxes.items():
        vertex.view = Box("[*]" if name in ("start", "end") else name)
    edges = [Edge(boxes[source], boxes[target]) for source, target, _ in found]
    graph = Graph(list(boxes.values()), edges)
    left = 0.0
    for component in graph.C:
        layout = SugiyamaLayout(component)
        layout.xspace, layout.yspace = 110, 84
        layout.init_all()
        layout.draw(3)
        shift = left - min(vertex.view.xy[0] - vertex.view.w / 2 for vertex in component.sV)
        for vertex in component.sV:
            vertex.view.xy = (vertex.view.xy[0] + shift, vertex.view.xy[1])
        left = max(vertex.view.xy[0] + vertex.view.w / 2 for vertex in component.sV) + 60
    return _svg(boxes, found)


def _svg(boxes: dict[str, Any], found: Sequence[tuple[str, str, str]]) -> str:
    views = {name: vertex.view for name, vertex in boxes.items()}
    both_ways = {(target, source) for source, target, _ in found}
    paths, labels, lanes = [], [], {}
    reach = [0.0, 0.0, 0.0, 0.0]
    for number, (source, target, label) in enumerate(found, 1):
        lane = lanes[source, target] = lanes.get((source, target), 0) + 1
        (x1, y1), (x2, y2) = _border(views[source], views[target]), _border(views[target], views[source])
        length = math.hypot(x2 - x1, y2 - y1) or 1.0
        bend = 26.0 * lane if (source, target) in both_ways or lane > 1 else 7.0
        # To the left of the way, so that there and back lie apart.
        mx, my = (x1 + x2) / 2 + bend * (y2 - y1) / length, (y1 + y2) / 2 - bend * (x2 - x1) / length
        way = f"M{x1:.1f},{y1:.1f} Q{mx:.1f},{my:.1f} {x2:.1f},{y2:.1f}"
        paths.append(f'<path class="edge" marker-end="url(#tip)" d="{way}"/>')
        rows = [str(number)] if label and len(found) > MOST_LABELS else wrap(label, LABEL_WIDTH)
        cx, cy = (x1 + 2 * mx + x2) / 4, (y1 + 2 * my + y2) / 4 - 6.5 * (len(rows) - 1)
        for row_number, row in enumerate(rows):
            labels.append(_words(row, cx, cy + 13 * row_number + 4, "label halo"))
            reach[0], reach[2] = min(reach[0], cx - len(row) * 3.4), max(reach[2], cx + len(row) * 3.4)
        reach[0], reach[2] = min(reach[0], mx), max(reach[2], mx)
    shapes = []
    for view in views.values():
        x, y = view.xy
        if view.text in ENDS:
            shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="currentColor"/>')
        else:
            corner = f'x="{x - view.w / 2:.1f}" y="{y - view.h / 2:.1f}"'
            shapes.append(f'<rect class="box" rx="6" {corner} width="{view.w:.1f}" height="{view.h:.1f}"/>')
            shapes.append(_words(view.text, x, y + 4.5, "name"))
        reach[:2] = min(reach[0], x - view.w / 2), min(reach[1], y - view.h)
        reach[2:] = max(reach[2], x + view.w / 2), max(reach[3], y + view.h)
    x, y, width, height = reach[0] - 10, reach[1] - 10, reach[2] - reach[0] + 20, reach[3] - reach[1] + 20
    body = "\n".join([TIP, *paths, *shapes, *labels])
    frame = f'viewBox="{x:.0f} {y:.0f} {width:.0f} {height:.0f}" width="{width:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {frame}>{body}</svg>'


def _words(text: str, x: float, y: float, kind: str) -> str:
    return f'<text class="{kind}" text-anchor="middle" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _legend(found: Sequence[tuple[str, str, str]]) -> str:
    """What the numbers of a large diagram mean."""
    if len(found) <= MOST_LABELS:
        return ""
    labelled = [(number, f"{a} → {b}: {label}") for number, (a, b, label) in enumerate(found, 1) if label]
    rows = "".join(f'<li value="{number}">{escape(text)}</li>' for number, text in labelled)
    return f"<figcaption><ol>{rows}</ol></figcaption>"


def _border(of: Box, towards: Box) -> tuple[float, float]:
    """Where the line to another box leaves this one."""
    (x, y), (tx, ty) = of.xy, towards.xy
    dx, dy = tx - x, ty - y
    if not dx and not dy:
        return x + of.w / 2, y
    scale = min(of.w / 2 / abs(dx) if dx else 9e9, of.h / 2 / abs(dy) if dy else 9e9)
    return x + dx * scale, y + dy * scale


class Mermaid(SphinxDirective):
    """A `mermaid` block, drawn."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        said = "; ".join(f"{a} to {b}: {label}" if label else f"{a} to {b}" for a, b, label in arrows(text))
        html = f'<figure class="drawing" aria-label="{escape(said)}">{drawing(text)}{_legend(arrows(text))}</figure>'
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """For Sphinx."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True}
