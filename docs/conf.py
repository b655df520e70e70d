"""The documentation as a site: `make docs`.

The pages are the Markdown files beside this one, as they are read on a code host; this file adds the reference of every
public name, drawings in place of Mermaid blocks, and a search that needs no server.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_extensions")]

project = "coinex-sdk"
author = "the coinex-sdk authors"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "state_diagrams",
    "reference_pages",
    "project_links",
]

exclude_patterns = ["_build", "_extensions"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]
suppress_warnings = [
    "ref.python",  # one name in several venues, such as Credentials: the reader sees which from the page
]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "undoc-members": True, "inherited-members": False}
python_use_unqualified_type_names = True
add_module_names = False
maximum_signature_line_length = 100

copybutton_prompt_text = "$ "

html_theme = "furo"
html_title = "coinex-sdk"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
