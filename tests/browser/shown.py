"""The browser, and how tests read the page: by what a person sees, waiting for it as long as it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HANGS_AFTER: Final = 120.0
"""Seconds after which what should be seen at once is taken for never coming."""
FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
COLOURS: Final = 64
PICTURES: Final = Path(__file__).parent.parent.parent / "docs" / "images"


class Browser:
    """One page at a time."""

    def __init__(self, chromium: Path, driver: Path, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = str(chromium)
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self._driver: Any = webdriver.Chrome(options=options, service=Service(str(driver)))

    def close(self) -> None:
        self._driver.quit()

    def open(self, url: str, *, width: int = 1320, height: int = 900, scheme: str = "dark") -> None:
        """A fresh page in a window of this size; what an earlier one said on the console is forgotten."""
        self._driver.get("about:blank")
        self._driver.get_log("browser")
        self._driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        self.resize(width, height)
        self._driver.get(url)

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def run(self, script: str, *arguments: object) -> Any:
        return self._driver.execute_script(script, *arguments)

    def text(self, identity: str) -> str:
        """What stands in the element of this id."""
        return str(self.run("return document.getElementById(arguments[0]).innerText", identity))

    def until(self, is_seen: Callable[[], object], what: str) -> None:
        ends = time.monotonic() + HANGS_AFTER
        while not is_seen():
            assert time.monotonic() < ends, f"never seen: {what}; the log of the page says\n{self.text('log')}"
            time.sleep(0.05)

    def until_text(self, identity: str, text: str) -> None:
        self.until(lambda: text in self.text(identity), f"{text!r} in {identity}")

    def until_live(self) -> None:
        self.until_text("trust", "verified, live")

    def fill(self, label: str, value: str) -> None:
        """Writes into the field, or chooses from the list, with this label."""
        field = self._driver.find_element(By.CSS_SELECTOR, f'[aria-label="{label}"]')
        if field.tag_name == "input":
            field.clear()
        field.send_keys(value)

    def press(self, name: str) -> None:
        """The button of this verb or fault."""
        button = self._driver.find_element(By.CSS_SELECTOR, f'form[data-name="{name}"] button')
        self.run("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def type(self, text: str) -> None:
        """Keys on whatever has the focus; a line break is Enter."""
        self._driver.switch_to.active_element.send_keys(text.replace("\n", Keys.ENTER))

    def focused(self) -> str:
        """The id, or the text, of what has the focus."""
        return str(self.run("return document.activeElement.id || document.activeElement.innerText"))

    def complaints(self) -> list[str]:
        """What the browser said on its console: refused scripts, errors."""
        said = [entry["message"] for entry in self._driver.get_log("browser")]
        return [line for line in said if "WebSocket connection to" not in line and "favicon" not in line]

    def picture(self, name: str) -> None:
        """Kept for the docs, in so few colours that it is small."""
        taken = Image.open(BytesIO(self._driver.get_screenshot_as_png()))
        taken.convert("RGB").quantize(COLOURS).save(PICTURES / name, optimize=True)
