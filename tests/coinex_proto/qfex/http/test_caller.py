"""The steps of one call: what is signed, what is repeated and after how long, what is counted."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Any

import pytest

from coinex_proto import Backoff, RequestRefused, Sources, UsageError
from coinex_proto._http.errors import HttpOutcomeUnknown, HttpTimedOut, HttpUnreachable, UnreadableAnswer
from coinex_proto._http.steps import NoReply, Pause, Reply, Send, Steps, Woken
from coinex_proto.qfex import HmacCredentials, http
from coinex_proto.qfex.credentials import JwtCredentials
from coinex_proto.qfex.http.caller import HttpCaller, HttpOptions, build

KEYS = HmacCredentials("public", "secret")
AT = 1_700_000_000
QUERY, CHANGE, OPEN = http.GetFees(), http.CreateSubaccount(), http.GetRefdata()
FINE = b'{"fees": {}}'


def sources(share: int = 0xFFFF) -> Sources:
    """Random bytes are those of this share for two, else zeros."""
    return Sources(
        wall_time_ns=lambda: AT * 10**9 + 999_999_999,
        random_bytes=lambda size: share.to_bytes(2, "big") if size == 2 else bytes(size),
    )


def caller(share: int = 0xFFFF, **options: Any) -> HttpCaller:
    return HttpCaller(sources(share), KEYS, HttpOptions(backoff=Backoff(first=1.0, ceiling=3.0), **options))


def reply(status: int, body: bytes = b"", *headers: tuple[str, str]) -> Reply:
    return Reply(now=0.0, status=status, headers=headers, body=body)


def result(steps: Steps[Any], *answers: Reply | NoReply) -> tuple[Any, list[float]]:
    """What a call gives when it is answered like that, and its pauses."""
    pauses: list[float] = []
    left = list(answers)
    step = next(steps)
    try:
        while True:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                step = steps.send(Woken(0.0))
            else:
                step = steps.send(left.pop(0))
    except StopIteration as done:
        assert not left
        return done.value, pauses


# The request ----------------------------------------------------------------------------------------------------------


def test_a_signed_call_carries_key_nonce_whole_seconds_and_their_signature() -> None:
    (sent,) = [step for step in [next(caller().request(QUERY, 0.0))] if isinstance(step, Send)]
    headers = dict(sent.request.headers)
    nonce = "00" * 16
    assert headers == {
        "Accept": "application/json",
        "x-qfex-public-key": "public",
        "x-qfex-nonce": nonce,
        "x-qfex-timestamp": str(AT),
        "x-qfex-hmac-signature": hmac.new(b"secret", f"{nonce}:{AT}".encode(), sha256).hexdigest(),
    }
    assert (sent.request.method, sent.request.target, sent.request.body) == ("GET", "/user/fees", b"")


def test_market_data_is_asked_for_without_keys() -> None:
    request = build(OPEN, KEYS, nonce="n", unix_ts=1, account_id="7", base_path="/v1")
    assert request.headers == (("Accept", "application/json"),)
    assert request.target == "/v1/refdata"


def test_a_change_says_that_it_brings_json_and_a_file_is_asked_for_as_csv() -> None:
    request = build(http.SetLeverage(leverage="5", symbol="AAPL-USD"), KEYS)
    assert ("Content-Type", "application/json") in request.headers
    assert request.body == b'{"leverage":5,"symbol":"AAPL-USD"}'
    assert build(http.GetTradesCsv(), KEYS).headers[0] == ("Accept", "text/csv")
    assert not any(name == "Content-Type" for name, _ in build(QUERY, KEYS).headers)


def test_a_subaccount_is_acted_for_by_its_header() -> None:
    assert build(QUERY, KEYS, account_id="7").headers[-1] == ("x-qfex-requested-account-id", "7")
    (sent,) = [next(caller(account_id="8", base_path="/base").request(QUERY, 0.0))]
    assert isinstance(sent, Send)
    assert sent.request.headers[-1] == ("x-qfex-requested-account-id", "8")
    assert sent.request.target == "/base/user/fees"


def test_what_cannot_be_asked_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match=r"GET /user/fees needs qfex\.HmacCredentials"):
        next(HttpCaller(sources()).request(QUERY, 0.0))
    with pytest.raises(UsageError, match="a token is for the socket"):
        HttpCaller(sources(), JwtCredentials("a.b.c"))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="a call was expected"):
        next(caller().request("GetFees", 0.0))  # type: ignore[arg-type]


# Repeating ------------------------------------------------------------------------------------------------------------


def test_a_query_is_repeated_three_times_with_longer_and_longer_pauses() -> None:
    busy = reply(503)
    assert result(caller().request(QUERY, 0.0), busy, busy, busy, reply(200, FINE))[1] == [1.0, 2.0, 3.0]
    with pytest.raises(RequestRefused):
        result(caller().request(QUERY, 0.0), busy, busy, busy, busy)
    with pytest.raises(RequestRefused):
        result(caller(retries=0).request(QUERY, 0.0), busy)


@pytest.mark.parametrize(("share", "first"), [(0, 0.1), (0xFFFF, 1.0)])
def test_a_pause_is_random_from_a_tenth_of_its_step_on(share: int, first: float) -> None:
    _, (pause,) = result(caller(share).request(QUERY, 0.0), reply(429), reply(200, FINE))
    assert pause == pytest.approx(first)


def test_a_server_that_asks_for_a_longer_pause_gets_it_up_to_half_a_minute() -> None:
    later = reply(429, b"", ("Retry-After", "30"))
    assert result(caller().request(QUERY, 0.0), later, reply(200, FINE))[1] == [30.0]
    with pytest.raises(RequestRefused) as caught:
        result(caller().request(QUERY, 0.0), reply(429, b"", ("Retry-After", "31")))
    assert caught.value.__notes__ == ["the server asks to be left alone for 31 s (Retry-After)"]


def test_the_hour_of_retry_after_is_told_by_the_wall_clock() -> None:
    at = "Tue, 14 Nov 2023 22:13:30 GMT"  # ten seconds behind AT
    _, (pause,) = result(caller().request(QUERY, 0.0), reply(429, b"", ("Retry-After", at)), reply(200, FINE))
    assert 9.0 <= pause <= 10.0


def test_a_refusal_that_will_not_pass_is_not_repeated() -> None:
    with pytest.raises(RequestRefused):
        result(caller().request(QUERY, 0.0), reply(404))


def test_an_answer_that_cannot_be_read_is_not_asked_for_again() -> None:
    with pytest.raises(UnreadableAnswer):
        result(caller().request(QUERY, 0.0), reply(200, b"{"))


def test_a_change_is_sent_once_whatever_becomes_of_it() -> None:
    for answer, error in (
        (reply(503), HttpOutcomeUnknown),
        (reply(429), RequestRefused),
        (NoReply(now=0.0, why="w", was_sent=True, timed_out=True), HttpOutcomeUnknown),
    ):
        with pytest.raises(error):
            result(caller().request(CHANGE, 0.0), answer)


def test_a_query_without_an_answer_is_repeated_and_its_error_names_the_host() -> None:
    silent = NoReply(now=0.0, why="no route", was_sent=False)
    assert result(caller().request(QUERY, 0.0), silent, reply(200, FINE))[1] == [1.0]
    with pytest.raises(HttpUnreachable, match=r"here\.example"):
        result(caller(retries=0, host="here.example").request(QUERY, 0.0), silent)
    with pytest.raises(HttpTimedOut):
        late = NoReply(now=0.0, why="late", was_sent=True, timed_out=True)
        result(caller(retries=0).request(QUERY, 0.0), late)


def test_members_that_could_not_be_read_are_counted() -> None:
    made = caller()
    row = b'{"data": [{"reward_date": "2026-11-28", "amount": 1}], "count": "many"}'
    answer, _ = result(made.request(http.GetReferralRewards(), 0.0), reply(200, row))
    assert answer.count is None
    assert made.unreadable_fields == 1
    result(made.request(QUERY, 0.0), reply(200, FINE))
    assert made.unreadable_fields == 1


def test_the_usual_options() -> None:
    usual = HttpOptions()
    assert (usual.host, usual.base_path, usual.retries) == ("api.qfex.com", "", 3)
    assert (usual.backoff.first, usual.backoff.ceiling) == (0.25, 5.0)
    _, pauses = result(HttpCaller(sources(), KEYS).request(QUERY, 0.0), reply(503), reply(200, FINE))
    assert pauses == [0.25]
