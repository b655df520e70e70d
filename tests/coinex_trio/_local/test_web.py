"""The page of a local exchange: served over TCP, by its own names, with a token where other machines can reach it."""

import json
import re
import urllib.error
import urllib.request

import pytest

from coinex_proto import UsageError
from coinex_proto.simulator.hosting.web_page import LOCAL_NAMES, WebPage
from coinex_trio import local_exchange, memory_exchange
from coinex_trio._local.web import is_loopback, made_page, page_url

HTML = made_page("127.0.0.1").html.decode()


def test_the_page_is_served_by_the_exchange_on_its_own_port() -> None:
    with local_exchange(web=True, rate=0.1) as exchange:
        assert exchange.web_url == f"{exchange.http_url}/"
        with urllib.request.urlopen(exchange.web_url) as answer:
            assert answer.read().decode() == HTML
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        foreign = urllib.request.Request(exchange.web_url, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(foreign)


def test_without_being_asked_for_there_is_no_page() -> None:
    with local_exchange(rate=0.1) as exchange:
        assert exchange.web_url is None
        with urllib.request.urlopen(f"{exchange.http_url}/") as answer:
            assert json.load(answer)["code"] != 0
    assert memory_exchange().web_url is None


def test_other_venues_have_none_and_say_so() -> None:
    with pytest.raises(UsageError, match="only a local CoinEx"):
        local_exchange("qfex", web=True)  # type: ignore[call-overload]


def test_where_other_machines_can_reach_it_every_run_has_a_token_of_its_own() -> None:
    one, other = made_page("0.0.0.0"), made_page("::")
    assert one.token
    assert other.token
    assert one.token != other.token
    assert len(one.token) >= 32
    assert page_url("http://0.0.0.0:80", one) == f"http://127.0.0.1:80/#token={one.token}"
    assert page_url("http://[::]:80", other) == f"http://[::1]:80/#token={other.token}"
    assert page_url("https://10.0.0.1:80", one).startswith("https://10.0.0.1:80/#")


@pytest.mark.parametrize(
    ("address", "name"), [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("LOCALHOST", "localhost")]
)
def test_on_loopback_it_needs_none_and_knows_the_names_of_this_machine(address: str, name: str) -> None:
    page = made_page(address)
    assert page.token is None
    assert page.names == LOCAL_NAMES | {name}
    assert page_url("http://127.0.0.2:80", WebPage(html=b"")) == "http://127.0.0.2:80/"


@pytest.mark.parametrize("address", ["10.0.0.1", "0.0.0.0", "::", "127.evil.example", "example.com", ""])
def test_a_name_that_only_begins_like_this_machine_is_another(address: str) -> None:
    assert not is_loopback(address)


def test_the_page_is_one_file_that_loads_nothing_and_makes_no_text_into_html() -> None:
    assert re.findall(r"(?:src|href)=[\"'](?!#|data:)", HTML) == []
    assert "http://www.w3.org" in HTML
    assert re.findall(r"https?://(?!www\.w3\.org)", HTML) == []
    for way in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "javascript:",
    ):
        assert way not in HTML, way
    assert re.findall(r"<[^>]* (?:style|on\w+)=", HTML.partition("<script>")[0]) == []
    assert HTML.count("<script>") == HTML.count("<style>") == 1


def test_everything_that_takes_input_or_shows_a_picture_has_a_name_for_screen_readers() -> None:
    body = HTML.partition("<body>")[2].partition("<script>")[0]
    for tag in re.findall(r"<(?:input|select|svg)[^>]*>", body):
        assert "aria-label" in tag or f'<label><span class="dim">Market</span> {tag}' in body or "token" in tag, tag
    assert body.count("<table") == body.count("<caption>") + body.count('aria-labelledby="h-orders"') + body.count(
        'aria-labelledby="h-fills"'
    )
    assert 'role="status"' in body
    assert 'role="alert"' in body
