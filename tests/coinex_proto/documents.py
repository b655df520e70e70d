"""The venue's description of its HTTP calls, read once: a copy, from the official pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def http_description() -> dict[str, Any]:
    """The list of endpoints; whoever changes it changes it for all."""
    text = (Path(__file__).parents[1] / "data" / "coinex-http-endpoints.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C takes a sixth of the time
    loaded: dict[str, Any] = yaml.load(text, loader)
    return loaded
