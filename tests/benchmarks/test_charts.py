"""The charts of the docs are what the kept figures draw, and say in text what they show."""

import json
from xml.etree import ElementTree

from benchmarks.charts import IMAGES, RESULTS, charts, draw

SVG = "{http://www.w3.org/2000/svg}"


def test_the_charts_of_the_docs_are_drawn_from_the_figures_that_are_kept() -> None:
    found = json.loads(RESULTS.read_text())
    drawn = charts(found, f"{found['date']}, {found['machine']}")
    assert {file: (IMAGES / file).read_text() for file in drawn} == drawn


def test_a_bar_is_as_long_as_the_median_and_the_shortest_comes_first() -> None:
    root = ElementTree.fromstring(draw("CPU", {"slow": [3.0, 8.0, 4.0], "ours, quick": [2.0, 2.0, 2.0]}, "a machine"))
    widths = [float(bar.get("width", "")) for bar in root.iter(f"{SVG}rect")]
    assert widths[1] == 2 * widths[0]
    assert [bar.get("class") for bar in root.iter(f"{SVG}rect")] == ["ours", "theirs"]
    assert root.get("aria-label") == "CPU. ours, quick: 2.0; slow: 4.0"


def test_names_are_text_and_never_markup() -> None:
    root = ElementTree.fromstring(draw("<b> & c", {"<script>": [1.0]}, "&"))
    assert list(root.iter("script")) == []
    assert "<script>" in [text.text for text in root.iter(f"{SVG}text")]
