"""Opens the page of a local exchange in a browser, or says that there is none."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser
from typing import Final

WEB_PORT: Final = 7462
"""Where `coinex sim --web` listens unless told otherwise: always there, so that a page left open finds it again."""

IN_TEXT: Final = frozenset(("elinks", "links", "lynx", "w3m", "www-browser"))
"""Browsers that would take this terminal, and could not show the page."""


def open_page(url: str) -> None:
    """Opens it, without waiting for the browser; says on standard error what to do where that does not work."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        _say_there_is_none(url)
        return
    if getattr(browser, "basename", "") in IN_TEXT:
        _say_there_is_none(url)
        return
    threading.Thread(target=_open, args=(browser, url), name="browser", daemon=True).start()


def is_free(address: str, port: int) -> bool:
    """Whether an exchange can listen there. What else keeps it from that is told when it tries."""
    try:
        with socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET):
            return True
    except OSError:
        return False


def _open(browser: webbrowser.BaseBrowser, url: str) -> None:
    if not browser.open(url):
        _say_there_is_none(url)


def _say_there_is_none(url: str) -> None:
    sys.stderr.write(f"coinex: no browser could be opened on this machine; open {url} in one\n")
    sys.stderr.flush()
