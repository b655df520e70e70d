"""A headless Chromium, and a local exchange with a page. `make test` leaves these tests out: they need a browser and seconds."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange
from tests.browser.shown import Browser

collect_ignore_glob = [] if os.environ.get("COINEX_BROWSER") else ["test_*.py"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; skips where the machine has none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium and its chromedriver on this machine (Debian: chromium, chromium-driver)")
    started = Browser(Path(chromium), Path(driver), tmp_path_factory.mktemp("profile"))
    try:
        yield started
    finally:
        started.close()


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """A lively one with its page."""
    with local_exchange(seed=3, markets=("BTCUSDT", "ETHUSDT"), rate=8.0, web=True) as running:
        yield running
