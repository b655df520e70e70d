"""Opening the page of `coinex sim --web`, and what is said where there is no browser."""

import socket
import threading
import webbrowser
from collections.abc import Callable

import pytest

from coinex_trio._cli.browser import is_free, open_page

URL = "http://127.0.0.1:1/"


class Browser(webbrowser.BaseBrowser):
    def __init__(self, basename: str = "firefox", *, works: bool = True) -> None:
        super().__init__(basename)
        self.basename, self.works = basename, works
        self.opened: list[str] = []
        self.is_done = threading.Event()

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        self.is_done.set()
        return self.works


def is_said(capsys: pytest.CaptureFixture[str]) -> bool:
    return "no browser could be opened on this machine; open http://127.0.0.1:1/ in one" in capsys.readouterr().err


def having(browser: Browser) -> Callable[[], Browser]:
    return lambda: browser


def test_the_browser_of_this_machine_is_opened_without_waiting_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = Browser()
    monkeypatch.setattr(webbrowser, "get", having(browser))
    open_page(URL)
    assert browser.is_done.wait(240)
    assert browser.opened == [URL]
    assert not is_said(capsys)


def test_where_there_is_none_it_is_said_with_the_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def get() -> Browser:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", get)
    open_page(URL)
    assert is_said(capsys)


def test_a_browser_in_text_would_take_the_terminal_and_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = Browser("w3m")
    monkeypatch.setattr(webbrowser, "get", having(browser))
    open_page(URL)
    assert is_said(capsys)
    assert browser.opened == []


def test_a_browser_that_fails_is_said_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(webbrowser, "get", having(Browser(works=False)))
    open_page(URL)
    for thread in threading.enumerate():
        if thread.name == "browser":
            thread.join(240)
    assert is_said(capsys)


def test_a_port_where_somebody_listens_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert not is_free("127.0.0.1", taken.getsockname()[1])
    assert is_free("127.0.0.1", 0)
