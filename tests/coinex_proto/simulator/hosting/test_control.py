"""The control socket: one answer a request whatever is sent, a token where one is needed, and every fault in its table."""

from __future__ import annotations

import json

import pytest

from coinex_proto.simulator.hosting.control import FAULT_FORMS, fault_forms
from coinex_proto.simulator.hosting.faults import ACTIONS, parse_fault
from coinex_proto.simulator.hosting.web_page import WebPage
from tests.coinex_proto.simulator.control_peer import HTML, ControlPeer, server_with_page
from tests.coinex_proto.simulator.peer import Peer


def test_every_fault_has_a_form_with_as_many_arguments_as_it_takes() -> None:
    forms = {form.name: form for form in FAULT_FORMS}
    assert list(forms) == list(ACTIONS)
    for name, (fewest, most) in ACTIONS.items():
        assert len(forms[name].arguments) == most, name
        assert sum(not argument.is_optional for argument in forms[name].arguments) >= fewest, name
    assert [form["name"] for form in fault_forms()] == list(ACTIONS)


@pytest.mark.parametrize("form", fault_forms(), ids=lambda form: str(form["name"]))
def test_a_fault_with_what_its_form_suggests_is_one_that_the_language_reads(form: dict[str, object]) -> None:
    start = {"now": "at 0s", "request": "on server.ping", "push": "on depth.update", "connect": "on connect"}
    arguments = form["arguments"]
    assert isinstance(arguments, list | tuple)
    line = " ".join(filter(None, [start[str(form["when"])], str(form["name"]), *(one["default"] for one in arguments)]))
    assert parse_fault(line).action == form["name"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "1", "null", '{"do":"look"}', '{"id":true,"do":"look"}', '{"id":"1","do":"look"}', "[" * 5000],
)
def test_what_is_no_request_is_answered_with_why(text: str) -> None:
    peer = ControlPeer(server_with_page())
    answer = peer.say(text)
    assert (answer["id"], answer["ok"]) == (None, False)
    assert answer["why"]
    assert peer.do("look")["clients"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"do": "look", "with": []},
        {"do": 5},
        {"do": "look", "with": {"market": 5}},
        {"do": "look", "with": {"market": "x" * 201}},
        {"do": "explode"},
        {"do": "__class__"},
        {},
    ],
)
def test_a_request_that_says_nothing_that_can_be_done_is_answered_with_why(body: dict[str, object]) -> None:
    answer = ControlPeer(server_with_page()).say(json.dumps({"id": 3, **body}))
    assert (answer["id"], answer["ok"]) == (3, False)


def test_a_message_that_is_too_long_ends_the_connection() -> None:
    peer = ControlPeer(server_with_page())
    peer.send_text("x" * 20_000)
    assert peer.ending() == "fin"


def test_without_the_token_nothing_is_told_and_the_connection_ends() -> None:
    server = server_with_page(WebPage(html=HTML, token="the-token"))
    for first in (("look", {}), ("hello", {}), ("hello", {"token": "wrong"}), ("hello", {"token": "thé-token"})):
        peer = ControlPeer(server)
        assert "token" in peer.why_not(first[0], **first[1])
        assert peer.ending() == "fin"
    peer = ControlPeer(server)
    assert peer.do("hello", token="the-token")["venue"] == "CoinEx"
    assert peer.do("look")["clients"] == []


def test_faults_hit_the_venue_and_never_what_works_it() -> None:
    server = server_with_page()
    control, client = ControlPeer(server), Peer(server)
    control.do("inject", line="at 0s stall 5")
    server.advance(server.now + 1)
    assert control.do("look")["clients"][0]["number"] == client.connection.number
    control.do("inject", line="at 0s drop rst")
    control.do("inject", line="on connect http 503")
    server.advance(server.now + 1)
    assert client.ending() == "rst"
    assert control.do("look")["clients"] == []
    assert ControlPeer(server).is_open
    assert Peer(server).status == 503
