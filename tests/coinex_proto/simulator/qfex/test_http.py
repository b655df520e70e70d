"""HTTP of the local QFEX: who is let in, where a request goes, and how a refusal looks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coinex_proto import qfex
from coinex_proto.simulator import QfexServer
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.qfex.accounts import MAX_NONCE, WINDOW
from coinex_proto.simulator.qfex.forms import QfexForms
from coinex_proto.simulator.qfex.http import QfexHttp, problem
from tests.coinex_proto.simulator.qfex_peer import START, SYMBOL, made


def request(server: QfexServer, target: str, method: str = "GET", body: bytes = b"", **headers: Any) -> HttpResponse:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return QfexHttp(server).answer(HttpRequest(method=method, target=target, headers=named, body=body))


def proof(server: QfexServer, nonce: str = "n", at: float = START, **other: Any) -> dict[str, Any]:
    stamp = str(int(at))
    signature = qfex.sign_auth(server.secret_key, nonce, int(at))
    return {
        "x_qfex_public_key": server.public_key,
        "x_qfex_nonce": nonce,
        "x_qfex_timestamp": stamp,
        "x_qfex_hmac_signature": signature,
        **other,
    }


def said(response: HttpResponse) -> tuple[int, Any]:
    return response.status, json.loads(response.body)["detail"]


def test_market_data_needs_no_proof_and_an_account_does() -> None:
    server = made()
    answer = request(server, f"/refdata?ticker={SYMBOL}")
    assert (answer.status, answer.headers) == (200, (("content-type", "application/json"),))
    assert [each["symbol"] for each in json.loads(answer.body)["data"]] == [SYMBOL]
    assert said(request(server, "/user/fees")) == (401, "invalid signature")
    assert request(server, "/user/fees", **proof(server)).status == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"x_qfex_public_key": "another"},
        {"x_qfex_hmac_signature": "0" * 64},
        {"x_qfex_hmac_signature": "\udcff"},
        {"x_qfex_nonce": "other"},
        {"x_qfex_nonce": ""},
        {"x_qfex_timestamp": str(int(START) + 1)},
        {"x_qfex_timestamp": "now"},
        {"x_qfex_timestamp": ""},
    ],
    ids=str,
)
def test_a_proof_that_is_wrong_anywhere_is_refused(wrong: dict[str, Any]) -> None:
    server = made()
    assert said(request(server, "/user/fees", **proof(server, **wrong))) == (401, "invalid signature")


def test_a_nonce_has_a_longest_form() -> None:
    server = made()
    assert request(server, "/user/fees", **proof(server, "n" * MAX_NONCE)).status == 200
    assert said(request(server, "/user/fees", **proof(server, "n" * (MAX_NONCE + 1)))) == (401, "invalid signature")


def test_a_proof_counts_once_and_within_its_window() -> None:
    server = made()
    assert request(server, "/user/fees", **proof(server)).status == 200
    used = (401, "expired timestamp or used nonce")
    assert said(request(server, "/user/fees", **proof(server))) == used
    for number, seconds in enumerate((-WINDOW, WINDOW)):
        assert request(server, "/user/fees", **proof(server, f"in {number}", START + seconds)).status == 200
        outside = START + seconds + (1 if seconds > 0 else -1)
        assert said(request(server, "/user/fees", **proof(server, f"out {number}", outside))) == used


def test_an_account_that_nobody_has_may_not_be_acted_for() -> None:
    server = made()
    mine = proof(server, x_qfex_requested_account_id=server.own.user_id)
    assert request(server, "/user/fees", **mine).status == 200
    other = proof(server, "other", x_qfex_requested_account_id="nobody")
    assert said(request(server, "/user/fees", **other)) == (403, "no such account")


@pytest.mark.parametrize(("method", "target"), [("GET", "/nothing"), ("POST", "/refdata"), ("GET", "/refdata/more")])
def test_what_is_no_path_is_not_found(method: str, target: str) -> None:
    assert said(request(made(), target, method)) == (404, "not found")


def test_a_symbol_in_the_path_is_decoded() -> None:
    span = "resolution=1MIN&fromISO=2020-01-01T00%3A00%3A00Z&toISO=2030-01-01T00%3A00%3A00Z"
    server = made()
    assert request(server, f"/candles/AAPL%2DUSD?{span}").status == 200
    assert said(request(server, f"/candles/A%2FB?{span}")) == (404, "no symbol A/B")


def test_a_refusal_that_was_asked_for_is_said_once_after_the_proof() -> None:
    server = made()
    server.refuse("/user/fees", "busy")
    assert said(request(server, "/user/fees")) == (401, "invalid signature")
    assert said(request(server, "/user/fees", **proof(server))) == (500, "busy")
    assert request(server, "/user/fees", **proof(server, "next")).status == 200


@pytest.mark.parametrize(
    ("body", "answer"), [(b"{", (400, "the body is no JSON")), (b"[1]", (422, "the body is no object"))]
)
def test_a_body_that_is_no_object_is_refused(body: bytes, answer: tuple[int, str]) -> None:
    server = made()
    assert said(request(server, "/user/leverage", "POST", body, **proof(server))) == answer


def test_a_file_is_text() -> None:
    server = made()
    answer = request(server, "/trades-csv", **proof(server))
    assert (answer.status, answer.headers) == (200, (("content-type", "text/csv"),))


@pytest.mark.parametrize(("agent", "status"), [("", 403), ("a b", 403), ("python/3", 403), ("coinex-sdk", 200)])
def test_the_wall_in_front_lets_plain_words_through_where_it_is_up(agent: str, status: int) -> None:
    walled = made(forms=QfexForms(refuses_user_agents=True))
    answer = request(walled, "/refdata", user_agent=agent)
    assert answer.status == status
    assert (answer.body == b"error code: 1010") is (status == 403)
    assert request(made(), "/refdata", user_agent=agent).status == 200


def test_empty_lists_may_be_null() -> None:
    server = made(forms=QfexForms(null_arrays=True))
    assert json.loads(request(server, "/user/trade", **proof(server)).body)["data"] is None


def test_a_problem_has_title_status_and_detail() -> None:
    answer = problem(422, "why")
    assert answer.status == 422
    assert json.loads(answer.body) == {"title": "Unprocessable Entity", "status": 422, "detail": "why"}
    assert json.loads(problem(500, "why").body)["title"] == "Error"
