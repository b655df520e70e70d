"""Who gets the page and the control socket: nobody but a page of this exchange, and no foreign name."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from coinex_proto.simulator.hosting.http_server import HttpRequest
from coinex_proto.simulator.hosting.web_page import LONGEST_NAME, WebPage, client_name
from tests.coinex_proto.simulator.control_peer import HTML, ControlPeer, server_with_page
from tests.coinex_proto.simulator.http_peer import request
from tests.coinex_proto.simulator.peer import Peer, quiet_server

PAGE = WebPage(html=HTML)


def asked(target: str = "/", method: str = "GET", **headers: str) -> HttpRequest:
    return HttpRequest(method=method, target=target, headers=tuple(headers.items()))


def test_the_page_may_run_its_own_script_and_talk_to_its_own_server_and_no_more() -> None:
    answer = PAGE.answer(asked(host="127.0.0.1:8000"))
    assert answer is not None
    assert answer.body == HTML
    headers = dict(answer.headers)
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    script = b64encode(sha256(b"go()").digest()).decode()
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'sha256-{script}'"
    assert policy["connect-src"] == "'self' ws://127.0.0.1:8000 wss://127.0.0.1:8000"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:65535", "[::1]:8000"])
def test_a_name_of_this_machine_gets_it_on_any_port(host: str) -> None:
    answer = PAGE.answer(asked("/index.html?x=1", host=host))
    assert answer is not None
    assert answer.status == 200


HOSTILE = ["", "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost; script-src *", "localhost:80:80", "a@localhost", "localhost\t"]  # fmt: skip


@pytest.mark.parametrize("host", HOSTILE)
def test_a_foreign_name_gets_neither_the_page_nor_the_controls(host: str) -> None:
    shown, refused = PAGE.answer(asked(host=host)), PAGE.refusal(asked("/control", host=host))
    assert shown is not None
    assert refused is not None
    assert shown.status == refused.status == 403


@pytest.mark.parametrize(
    "origin",
    ["null", "http://evil.example", "http://localhost:3000", "http://localhost:8000.evil.example", "file://", ""],
)
def test_a_page_from_elsewhere_gets_no_controls(origin: str) -> None:
    refused = PAGE.refusal(asked("/control", host="localhost:8000", origin=origin))
    assert refused is not None
    assert refused.status == 403


@pytest.mark.parametrize("headers", [{}, {"origin": "http://localhost:8000"}, {"origin": "https://LOCALHOST:8000"}])
def test_its_own_page_and_a_program_without_an_origin_get_the_controls(headers: dict[str, str]) -> None:
    assert PAGE.refusal(asked("/control", host="localhost:8000", **headers)) is None


def test_one_wrong_origin_of_two_is_one_too_many() -> None:
    headers = (("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example"))
    assert PAGE.refusal(HttpRequest(method="GET", target="/control", headers=headers)) is not None


def test_with_a_token_any_plain_name_will_do_but_origins_must_fit_still() -> None:
    page = WebPage(html=HTML, token="secret")
    assert page.refusal(asked("/control", host="box.lan:1", origin="http://box.lan:1")) is None
    assert page.refusal(asked("/control", host="box.lan:1", origin="http://evil.example")) is not None
    shown = page.answer(asked(host="x y"))
    assert shown is not None
    assert shown.status == 403
    assert "secret" not in repr(page)


def test_other_paths_and_methods_are_not_its_business() -> None:
    assert PAGE.answer(asked("/v2/time", host="localhost")) is None
    answer = PAGE.answer(asked("/", "POST", host="localhost"))
    assert answer is not None
    assert answer.status == 405


def test_a_client_is_called_what_it_says_or_its_user_agent_printable_and_short() -> None:
    assert client_name(asked("/v2/spot?client=this-page", **{"user-agent": "x"})) == "this-page"
    assert client_name(asked("/v2/spot", **{"user-agent": "bot\x00\x1b[2J 1.0"})) == "bot[2J 1.0"
    assert len(client_name(asked("/v2/spot?client=" + "a" * 5000))) == LONGEST_NAME
    assert client_name(asked("/v2/spot?client=<b>")) == ""


def test_a_server_serves_it_beside_its_own_paths_and_without_it_has_neither() -> None:
    server = server_with_page()
    status, headers, _ = request(server, "GET", "/", signed=False)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert request(server, "GET", "/v2/time", signed=False)[2]["code"] == 0
    assert ControlPeer(server).is_open
    assert ControlPeer(server, origin="http://evil.example").status == 403
    without = quiet_server()
    assert request(without, "GET", "/", signed=False)[1]["content-type"] != "text/html; charset=utf-8"
    assert Peer(without, "/control").status == 404
