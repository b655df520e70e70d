"""What a person sees and does on the page of a local exchange."""

import socket
from pathlib import Path

import pytest

from coinex_proto import coinex
from coinex_proto.simulator.hosting.faults import ACTIONS
from coinex_trio import CoinexClient, Exchange, local_exchange
from tests.browser.shown import Browser


def open_live(browser: Browser, exchange: Exchange, **window: object) -> None:
    assert exchange.web_url is not None
    browser.open(exchange.web_url, **window)  # type: ignore[arg-type]
    browser.until_live()


def test_a_market_is_followed_and_its_checksum_is_worked_out_in_the_browser(
    browser: Browser, exchange: Exchange
) -> None:
    open_live(browser, exchange)
    browser.until_text("sum", "fits")
    exchange.quote("BTCUSDT", bid="60000", ask="60010.5", size="2")
    browser.until_text("ladder", "spread 10.50")
    assert browser.run("return document.querySelector('#ladder tr.bid td').innerText") == "60000.00"
    exchange.trade("BTCUSDT", "buy", "0.25")
    browser.until_text("last", "60010.5")
    browser.until_text("trades", "0.25")
    browser.until_text("chart-says", "high")
    assert "candles of one minute" in browser.run("return document.getElementById('chart').getAttribute('aria-label')")
    browser.fill("Market", "ETHUSDT futures")
    browser.until_text("clients", "depth ETHUSDT 20 0")
    browser.until_live()
    browser.until_text("account-says", "signed in, futures")
    assert browser.complaints() == []


def test_an_order_of_the_sdk_is_seen_and_its_fill(browser: Browser, exchange: Exchange) -> None:
    open_live(browser, exchange)
    browser.until_text("account-says", "signed in")
    with CoinexClient(url=exchange.url, credentials=exchange.credentials) as cx:
        cx.subscribe(coinex.Orders())
        cx.ready(coinex.Orders())
        order = cx.place_order("BTCUSDT", "buy", "limit", "0.5", "50000")
        browser.until_text("orders", "50000")
        browser.until_text("clients", "order all, user_deals all")
        exchange.fill(order, "0.2")
        browser.until_text("fills", "0.2")
        browser.until_text("orders", "0.3")
    browser.run("document.querySelector('#orders button').click()")
    browser.until_text("orders", "no open order")
    browser.until_text("log", "finish buy 0.5 BTCUSDT")
    assert browser.complaints() == []


def test_a_dropped_connection_is_lost_in_words_and_restored_by_itself(browser: Browser, exchange: Exchange) -> None:
    open_live(browser, exchange)
    exchange.inject("on connect http 503")
    exchange.drop()
    browser.until_text("log", "Lost the connection broke")
    browser.until_text("log", "Restored the book is verified again")
    browser.until_live()


def test_every_fault_has_a_button_and_what_it_did_is_said(browser: Browser, exchange: Exchange) -> None:
    open_live(browser, exchange)
    names = browser.run("return [...document.querySelectorAll('#faults form')].map((form) => form.dataset.name)")
    assert sorted(names) == sorted(ACTIONS)
    browser.press("wrong-checksum")
    browser.until_text("said", "done: on depth.update wrong-checksum")
    browser.until_text("log", "does not fit")
    browser.until_text("log", "Restored")
    browser.press("corrupt")
    browser.until_text("log", "no sound gzip")
    browser.fill("stall: seconds", "0.1")
    browser.press("stall")
    browser.until_text("said", "done: at 0s stall 0.1")
    browser.fill("http: status", "5")
    browser.press("http")
    browser.until_text("said", "takes a status from 200 to 599")
    browser.press("maintenance")
    browser.until_text("log", "Notice maintenance from")


def test_verbs_move_the_market(browser: Browser, exchange: Exchange) -> None:
    open_live(browser, exchange)
    browser.fill("quote: bid", "40000")
    browser.fill("quote: ask", "40001")
    browser.press("quote")
    browser.until_text("ladder", "spread 1.00")
    browser.fill("place: price", "40000.5")
    browser.press("place")
    browser.until_text("orders", "40000.5")
    browser.press("trade")
    browser.until_text("last", "40001")
    browser.press("fill")
    browser.until_text("fills", "40000.5")
    browser.fill("trade: amount", "none")
    browser.press("trade")
    browser.until_text("said", "is no number above zero")


def test_it_is_worked_by_keys(browser: Browser, exchange: Exchange) -> None:
    open_live(browser, exchange)
    for key, focused in (("m", "market"), ("v", "quote"), ("f", "drop"), ("l", "line")):
        browser.run("document.activeElement.blur()")
        browser.type(key)
        assert browser.focused() == focused
    browser.type("on depth.update lose\n")
    browser.until_text("said", "done: on depth.update lose")
    browser.until_text("log", "Restored")


def test_text_of_a_client_is_never_html(browser: Browser, exchange: Exchange) -> None:
    open_live(browser, exchange)
    port = int(exchange.http_url.rpartition(":")[2])
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(
            f"GET /v2/spot HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nUser-Agent: {hostile}\r\n\r\n".encode()
        )
        browser.until_text("clients", hostile)
    assert browser.run("return document.images.length + document.scripts.length") == 1
    assert browser.complaints() == []


def test_a_page_that_was_left_open_says_that_the_exchange_is_gone_and_comes_back_with_it(
    browser: Browser, exchange: Exchange
) -> None:
    with local_exchange(web=True, seed=1) as first:
        open_live(browser, first)
        port = int(first.http_url.rpartition(":")[2])
    browser.until_text("banner", "The exchange has not answered since")
    browser.until_text("trust", "LOST")
    with local_exchange(web=True, seed=2, markets=("ETHUSDT",), port=port):
        browser.until_text("log", "it was restarted")
        browser.until(lambda: browser.text("banner") == "", "no banner")
        browser.until_live()
        browser.until_text("clients", "ETHUSDT")


def test_where_a_token_is_needed_a_page_without_it_asks_for_it(browser: Browser) -> None:
    with local_exchange(web=True, address="0.0.0.0") as exchange:
        assert exchange.web_url is not None
        bare, _, token = exchange.web_url.partition("#token=")
        browser.open(bare)
        browser.until_text("banner", "needs the token")
        browser.run("document.getElementById('token').focus()")
        browser.type(token + "\n")
        browser.until_live()
        browser.run("sessionStorage.clear()")
        browser.open(exchange.web_url)
        browser.until_live()
        assert token not in browser.run("return location.href")
        browser.run("sessionStorage.clear()")


def test_a_page_from_elsewhere_cannot_work_the_exchange(browser: Browser, exchange: Exchange, tmp_path: Path) -> None:
    evil = tmp_path / "evil.html"
    evil.write_text(
        "<p id=log></p><script>const s = new WebSocket("
        f"'{exchange.socket_url}/control'); s.onopen = () => log.textContent = 'open'; s.onerror = () => log.textContent = 'refused';</script>"
    )
    browser.open(evil.as_uri())
    browser.until(lambda: browser.text("log"), "an end of the attempt")
    assert browser.text("log") == "refused"


@pytest.mark.parametrize("width", [360, 720, 900, 1320])
def test_nothing_is_wider_than_the_window(browser: Browser, exchange: Exchange, width: int) -> None:
    open_live(browser, exchange, width=width, height=900)
    browser.until_text("account-says", "signed in")
    assert browser.run("return document.documentElement.scrollWidth") <= width


def test_light_and_dark_follow_the_system(browser: Browser, exchange: Exchange) -> None:
    shades = []
    for scheme in ("dark", "light"):
        open_live(browser, exchange, scheme=scheme)
        shades.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
    assert shades == ["rgb(14, 17, 22)", "rgb(243, 245, 247)"]


def test_its_pictures_are_kept_for_the_docs(browser: Browser) -> None:
    """On its own exchange, with an order, a fill, a client and a fault to be seen."""
    with local_exchange(seed=3, markets=("BTCUSDT",), rate=8.0, web=True) as exchange:
        open_live(browser, exchange)
        browser.until_text("account-says", "signed in")
        with CoinexClient(url=exchange.url, credentials=exchange.credentials, background=True) as cx:
            cx.subscribe(coinex.Depth("BTCUSDT", 20), coinex.Orders(), coinex.Balances())
            exchange.fill(exchange.place("BTCUSDT", "buy", "59000", "0.5"), "0.5")
            exchange.place("BTCUSDT", "sell", "61000", "0.25")
            browser.until_text("orders", "61000")
            browser.press("wrong-checksum")
            browser.until_text("log", "Restored")
            browser.until_text("clients-says", "2 sockets")
            browser.run("document.activeElement.blur(); window.scrollTo(0, 0)")
            browser.picture("web-page.png")
        open_live(browser, exchange, width=360, height=760, scheme="light")
        browser.until_text("chart-says", "high")
        browser.picture("web-page-narrow.png")
        open_live(browser, exchange, width=1320, height=560)
        browser.until_text("chart-says", "high")
        exchange.inject("on connect every 1 http 503")
        exchange.drop()
        browser.until_text("trust", "LOST")
        browser.picture("web-page-lost.png")
