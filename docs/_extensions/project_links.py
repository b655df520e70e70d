"""Links from the pages to files of the project that are no pages, such as examples: shown as the file's name."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

OUTSIDE = "../"


def as_text(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement) -> nodes.Node | None:
    """A path that leads out of the pages has nowhere to lead on the site."""
    return content if str(node.get("reftarget", "")).startswith(OUTSIDE) else None


def setup(app: Sphinx) -> dict[str, Any]:
    """For Sphinx."""
    app.connect("missing-reference", as_text)
    return {"parallel_read_safe": True}
