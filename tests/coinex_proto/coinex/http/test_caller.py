from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import SdkError, Sources, UsageError
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import (
    Clock,
    HttpCaller,
    HttpCommand,
    HttpOptions,
    HttpOutcomeUnknown,
    HttpRefused,
    HttpTimedOut,
    HttpUnreachable,
    NoReply,
    Pause,
    RateLimited,
    Reply,
    Send,
    Steps,
    Woken,
    assets,
    call,
    futures,
    spot,
    system,
)

T = TypeVar("T")

CREDENTIALS = Credentials("ACCESS", "SECRET-KEY")
WALL_NS = 1_700_490_703_564_000_000
ORDER = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2", client_id="user1")
BALANCE = assets.GetSpotBalance()
ROW = {
    "order_id": 7,
    "market": "BTCUSDT",
    "market_type": "SPOT",
    "side": "buy",
    "type": "limit",
    "amount": "1",
    "price": "2",
    "unfilled_amount": "1",
    "filled_amount": "0",
    "client_id": "user1",
    "updated_at": 1700490703564,
}
EMPTY: tuple[Any, ...] = ()
BALANCES = [{"ccy": "USDT", "available": "1", "frozen": "0"}]


class Peer:
    """Answers a caller from a script, and keeps what was asked and how long was waited."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[str] = []
        self.timestamps: list[str] = []
        self.pauses: list[float] = []
        self.now = 100.0
        self.wall_ns = WALL_NS

    @property
    def sources(self) -> Sources:
        return Sources(wall_time_ns=lambda: self.wall_ns, random_bytes=lambda count: b"\xff" * count)

    def run(self, steps: Steps[T]) -> T:
        try:
            step = next(steps)
            while True:
                step = steps.send(self.react(step))
        except StopIteration as stop:
            result: T = stop.value
            return result

    def react(self, step: Pause | Send) -> Woken | Reply | NoReply:
        if isinstance(step, Pause):
            self.pauses.append(step.seconds)
            self.now += step.seconds
            return Woken(self.now)
        self.requests.append(f"{step.request.method} {step.request.target}")
        self.timestamps.append(dict(step.request.headers).get("X-COINEX-TIMESTAMP", ""))
        self.now += 0.01
        answer = self.answers.pop(0)
        if isinstance(answer, NoReply):
            return NoReply(now=self.now, why=answer.why, was_sent=answer.was_sent, timed_out=answer.timed_out)
        status, headers, body = answer if isinstance(answer, tuple) else (200, (), answer)
        return Reply(now=self.now, status=status, headers=headers, body=json.dumps(body).encode())


def ok(data: Any, **more: Any) -> dict[str, Any]:
    return {"code": 0, "data": data, "message": "OK", **more}


def refused(code: int) -> dict[str, Any]:
    return {"code": code, "data": {}, "message": "no"}


def lost(*, was_sent: bool = True, timed_out: bool = False) -> NoReply:
    return NoReply(now=0, why="connection reset", was_sent=was_sent, timed_out=timed_out)


def caller_of(peer: Peer, **options: Any) -> HttpCaller:
    return HttpCaller(peer.sources, CREDENTIALS, HttpOptions(**options))


def result_of(peer: Peer, command: HttpCommand[T], **options: Any) -> T:
    return peer.run(caller_of(peer, **options).request(command, peer.now))


def test_a_call_is_built_sent_once_and_read() -> None:
    peer = Peer(ok(BALANCES))
    (balance,) = result_of(peer, BALANCE)
    assert balance.ccy == "USDT"
    assert peer.requests == ["GET /v2/assets/spot/balance"]
    assert peer.timestamps == [str(WALL_NS // 10**6)]
    assert peer.pauses == []


@pytest.mark.parametrize(
    "failure",
    [lost(), lost(was_sent=False), lost(timed_out=True), (503, (), "busy"), refused(3008), refused(4002)],
    ids=["lost", "unsent", "slow", "503", "3008", "4002"],
)
def test_a_query_is_repeated_with_growing_pauses(failure: Any) -> None:
    peer = Peer(failure, failure, ok(BALANCES))
    assert len(result_of(peer, BALANCE)) == 1
    assert len(peer.requests) == 3
    assert peer.pauses == [0.25, 0.5]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(lost(), HttpUnreachable), (lost(timed_out=True), HttpTimedOut), ((502, (), ""), HttpRefused)],
)
def test_a_query_that_keeps_failing_ends_after_the_retries(failure: Any, expected: type[SdkError]) -> None:
    peer = Peer(*[failure] * 4)
    with pytest.raises(expected):
        result_of(peer, BALANCE)
    assert len(peer.requests) == 4


def test_retries_may_be_switched_off() -> None:
    peer = Peer(lost())
    with pytest.raises(HttpUnreachable):
        result_of(peer, BALANCE, retries=0)


def test_a_refusal_that_repeating_cannot_help_is_not_repeated() -> None:
    peer = Peer(refused(4005))
    with pytest.raises(HttpRefused, match="access id is wrong"):
        result_of(peer, BALANCE)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (lost(), HttpOutcomeUnknown),
        (lost(timed_out=True), HttpOutcomeUnknown),
        (lost(was_sent=False), HttpUnreachable),
        ((504, (), ""), HttpOutcomeUnknown),
        (refused(3008), HttpOutcomeUnknown),
        (refused(4213), HttpRefused),
        (refused(4010), HttpRefused),
        ((429, (), ""), HttpRefused),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ORDER,
        spot.CancelOrder(market="BTCUSDT", order_id=7),
        assets.Transfer(from_account_type="SPOT", to_account_type="FUTURES", ccy="USDT", amount="1"),
    ],
    ids=["place", "cancel", "move money"],
)
def test_placing_cancelling_and_moving_money_is_never_repeated(
    command: HttpCommand[Any], failure: Any, expected: type[SdkError]
) -> None:
    # S25
    peer = Peer(failure)
    with pytest.raises(expected):
        result_of(peer, command)
    assert len(peer.requests) == 1
    assert peer.pauses == []


def test_missing_credentials_are_refused_before_anything_is_sent() -> None:
    peer = Peer()
    with pytest.raises(UsageError, match="Authentication required"):
        peer.run(HttpCaller(peer.sources).request(BALANCE, 100.0))
    assert peer.requests == []


def test_public_calls_need_no_credentials() -> None:
    peer = Peer(ok({"timestamp": 1}))
    assert peer.run(HttpCaller(peer.sources).request(system.Time(), 100.0)).timestamp == 1


def test_an_empty_bucket_makes_a_query_wait_and_an_order_fail() -> None:
    peer = Peer(*[ok(BALANCES)] * 20)
    caller = caller_of(peer)
    for _ in range(20):
        peer.run(caller.request(BALANCE, 100.0))
    assert len(peer.pauses) > 0
    caller.rate_limits.empty(ORDER, peer.now)
    with pytest.raises(RateLimited):
        peer.run(caller.request(ORDER, peer.now))
    assert len(peer.requests) == 20


@pytest.mark.parametrize("answer", [refused(4213), (429, (), "")], ids=["4213", "429"])
def test_too_many_requests_waits_at_least_until_the_group_has_recovered(answer: Any) -> None:
    # S17
    peer = Peer(answer, ok(BALANCES))
    result_of(peer, BALANCE)
    assert len(peer.requests) == 2
    assert sum(peer.pauses) >= 0.1


def test_the_headers_of_an_answer_slow_the_next_call_down() -> None:
    peer = Peer((200, (("X-RateLimit-Remaining", "0"),), ok(BALANCES)), ok(BALANCES))
    caller = caller_of(peer)
    peer.run(caller.request(BALANCE, peer.now))
    assert peer.pauses == []
    peer.run(caller.request(BALANCE, peer.now))
    assert peer.pauses == [pytest.approx(0.1, rel=1e-3)]


# The clock ------------------------------------------------------------------------------------------------------------


def test_a_query_refused_for_its_timestamp_measures_the_clock_once_and_is_signed_anew() -> None:
    # S4
    ahead_ms = WALL_NS // 10**6 + 60_000
    peer = Peer(refused(4010), ok({"timestamp": ahead_ms}), ok(BALANCES))
    caller = caller_of(peer)
    peer.run(caller.request(BALANCE, peer.now))
    assert [request.rpartition("/")[2] for request in peer.requests] == ["balance", "time", "balance"]
    assert int(peer.timestamps[2]) == pytest.approx(ahead_ms, abs=1)
    assert caller.clock_offset_ms == pytest.approx(60_000, abs=1)


def test_a_timestamp_that_is_refused_again_is_an_error_that_explains_itself() -> None:
    date = (("Date", "Mon, 20 Nov 2023 14:41:43 GMT"),)
    peer = Peer(refused(4010), ok({"timestamp": WALL_NS // 10**6}), (200, date, refused(4010)))
    with pytest.raises(HttpRefused, match="set the clock") as caught:
        result_of(peer, BALANCE)
    (note,) = caught.value.__notes__
    assert "the answer is dated 1700491303 (+599 s)" in note
    assert len(peer.requests) == 3


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Date", "yesterday"),),
        (("Date", "Mon, 20 Foo 2023 14:41:43 GMT"),),
        (("Date", "Mon, 31 Feb 2023 14:41:43 GMT"),),
    ],
)
def test_without_a_date_the_error_still_says_what_our_clock_reads(headers: Any) -> None:
    peer = Peer((200, headers, refused(4017)))
    with pytest.raises(HttpRefused) as caught:
        result_of(peer, ORDER)
    assert "this machine's clock reads 1700490704 s" in caught.value.__notes__[0]


def test_a_clock_that_is_off_by_more_than_is_corrected_says_by_how_much() -> None:
    peer = Peer(refused(4010), ok({"timestamp": WALL_NS // 10**6 - 3_600_000}), refused(4010))
    with pytest.raises(HttpRefused) as caught:
        result_of(peer, BALANCE)
    (note,) = caught.value.__notes__
    assert "measured at -3600 s from this machine's, and no more than 300 s are corrected" in note


def test_after_an_order_was_refused_for_its_timestamp_the_clock_is_measured_before_the_next_signed_call() -> None:
    peer = Peer(refused(4010), ok({"timestamp": WALL_NS // 10**6 - 20_000}), ok(ROW))
    caller = caller_of(peer)
    with pytest.raises(HttpRefused):
        peer.run(caller.request(ORDER, peer.now))
    peer.run(caller.request(ORDER, peer.now))
    assert peer.requests == ["POST /v2/spot/order", "GET /v2/time", "POST /v2/spot/order"]
    assert int(peer.timestamps[2]) == pytest.approx(WALL_NS // 10**6 - 20_000, abs=1)


def test_a_clock_that_could_not_be_measured_is_measured_the_next_time() -> None:
    peer = Peer(refused(4010), (502, (), ""), ok({"timestamp": WALL_NS // 10**6}), ok(ROW))
    caller = caller_of(peer, retries=0)
    for expected in (HttpRefused, HttpRefused):
        with pytest.raises(expected):
            peer.run(caller.request(ORDER, peer.now))
    peer.run(caller.request(ORDER, peer.now))
    assert len(peer.requests) == 4


def test_s16_the_venue_cannot_move_what_we_sign_by_more_than_five_minutes() -> None:
    peer = Peer(ok({"timestamp": WALL_NS // 10**6 + 86_400_000}), ok(BALANCES))
    caller = caller_of(peer)
    peer.run(caller.sync_clock(peer.now))
    peer.run(caller.request(BALANCE, peer.now))
    assert int(peer.timestamps[1]) == WALL_NS // 10**6 + 300_000


def test_the_clock_may_be_shared_with_a_socket() -> None:
    clock = Clock()
    clock.observe(WALL_NS, WALL_NS, WALL_NS // 10**6 + 1000, 0.0)
    peer = Peer(ok(BALANCES))
    caller = HttpCaller(peer.sources, CREDENTIALS, clock=clock)
    peer.run(caller.request(BALANCE, peer.now))
    assert int(peer.timestamps[0]) == pytest.approx(WALL_NS // 10**6 + 1000, abs=1)


def test_the_window_is_sent_with_every_signed_call() -> None:
    peer = Peer()
    step = next(caller_of(peer, window_ms=20_000).request(BALANCE, peer.now))
    assert isinstance(step, Send)
    assert ("X-COINEX-WINDOWTIME", "20000") in step.request.headers


# Orders of open outcome -----------------------------------------------------------------------------------------------


def test_an_order_lost_in_flight_is_found_by_its_client_id_in_its_market() -> None:
    peer = Peer(lost(), ok([ROW], pagination={"has_next": False}), ok([]))
    caller = caller_of(peer)
    with pytest.raises(HttpOutcomeUnknown, match=r"resolve_order\('user1'\)"):
        peer.run(caller.request(ORDER, peer.now))
    verdict = peer.run(caller.resolve_order("user1", peer.now))
    assert (verdict.state, verdict.order.order_id if verdict.order else None) == ("live", 7)
    assert peer.requests[1:] == [
        "GET /v2/spot/pending-order?market=BTCUSDT&market_type=SPOT&client_id=user1&limit=100",
        "GET /v2/spot/finished-order?market=BTCUSDT&market_type=SPOT&limit=100",
    ]


def test_an_order_that_this_client_never_sent_is_searched_everywhere() -> None:
    peer = Peer(*[ok([])] * 6)
    verdict = peer.run(caller_of(peer).resolve_order("old", peer.now))
    assert verdict.state == "not_found"
    assert verdict.order is None
    assert len(peer.requests) == 6
    assert sum("market_type=FUTURES" in request for request in peer.requests) == 2


def test_a_search_goes_on_where_one_market_type_is_refused() -> None:
    peer = Peer(ok([]), ok([]), refused(3639), ok([]), ok([{**ROW, "market_type": "FUTURES", "unfilled_amount": "0"}]))
    verdict = peer.run(caller_of(peer).resolve_order("user1", peer.now))
    assert (verdict.state, verdict.not_searched) == ("filled", ("MARGIN",))


def test_an_order_whose_sending_was_cut_short_is_remembered_too() -> None:
    peer = Peer(ok([]), ok([]))
    caller = caller_of(peer)
    steps = caller.request(ORDER, peer.now)
    next(steps)
    steps.close()
    peer.run(caller.resolve_order("user1", peer.now))
    assert all("market=BTCUSDT&market_type=SPOT" in request for request in peer.requests)


@pytest.mark.parametrize("answer", [ok(ROW), refused(3109), lost(was_sent=False)], ids=["placed", "refused", "unsent"])
def test_an_order_whose_outcome_is_known_is_not_remembered(answer: Any) -> None:
    peer = Peer(answer, *[ok([])] * 6)
    caller = caller_of(peer)
    with suppress(HttpRefused, HttpUnreachable):
        peer.run(caller.request(ORDER, peer.now))
    peer.run(caller.resolve_order("user1", peer.now))
    assert len(peer.requests) == 7


def test_each_order_of_a_lost_batch_is_remembered() -> None:
    order = futures.PutOrder(market="ETHUSDT", side="buy", type="market", amount="1", client_id="f1")
    peer = Peer(lost(), ok([]), ok([]))
    caller = caller_of(peer)
    with pytest.raises(HttpOutcomeUnknown, match="'f1'"):
        peer.run(caller.request(futures.PutMultiOrder(orders=(order,)), peer.now))
    peer.run(caller.resolve_order("f1", peer.now))
    assert all("market=ETHUSDT&market_type=FUTURES" in request for request in peer.requests[1:])


def test_an_order_placed_by_a_free_call_is_remembered_as_well() -> None:
    peer = Peer(lost(), ok([]), ok([]))
    caller = caller_of(peer)
    sent = {"market": "ETHUSDT", "market_type": "MARGIN", "side": "buy", "type": "limit", "amount": 1, "price": 2}
    with pytest.raises(HttpOutcomeUnknown, match="GET /spot/pending-order market=ETHUSDT client_id=free"):
        peer.run(caller.request(call("POST", "/spot/order", **sent, client_id="free"), peer.now))
    peer.run(caller.resolve_order("free", peer.now))
    assert all("market=ETHUSDT&market_type=MARGIN" in request for request in peer.requests[1:])


def test_what_is_remembered_is_bounded() -> None:
    peer = Peer(*[lost()] * 1030, *[ok([])] * 8)
    caller = caller_of(peer)
    for number in range(1030):
        with pytest.raises(HttpOutcomeUnknown):
            peer.run(caller.request(placed_as(f"c{number}"), 100.0 + number))
    peer.run(caller.resolve_order("c0", 5000.0))
    assert len(peer.requests) == 1030 + 6
    peer.run(caller.resolve_order("c1029", 5000.0))
    assert len(peer.requests) == 1030 + 8


def test_commands_are_run_one_after_the_other_and_their_errors_are_thrown_in() -> None:
    def commands() -> Generator[HttpCommand[Any], Any, list[object]]:
        found: list[object] = [(yield BALANCE)]
        try:
            yield spot.GetOrderStatus(market="BTCUSDT", order_id=7)
        except HttpRefused as refusal:
            found.append(refusal.code)
        return found

    peer = Peer(ok(BALANCES), refused(3600))
    caller = caller_of(peer)
    balances, code = peer.run(caller.run(commands(), peer.now))
    assert (balances, code) == ((assets.SpotBalance(ccy="USDT", available=Decimal(1), frozen=Decimal(0)),), 3600)
    assert [request.split("?")[0] for request in peer.requests] == [
        "GET /v2/assets/spot/balance",
        "GET /v2/spot/order-status",
    ]


def test_commands_that_are_broken_off_get_to_know_it() -> None:
    ended: list[str] = []

    def commands() -> Generator[HttpCommand[Any], Any, None]:
        try:
            yield BALANCE
        finally:
            ended.append("here")

    steps = caller_of(Peer()).run(commands(), 100.0)
    next(steps)
    steps.close()
    assert ended == ["here"]


def placed_as(client_id: str) -> spot.PutOrder:
    return spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2", client_id=client_id)


ANSWERS = st.sampled_from(
    [
        *(lost(), lost(was_sent=False), lost(timed_out=True), (502, (), ""), (200, (), "?")),
        *(refused(3008), refused(4213), refused(4010), refused(4005)),
        *(ok([]), ok(BALANCES), ok(ROW), ok({"timestamp": WALL_NS // 10**6}), ok(None)),
    ]
)


@given(st.lists(ANSWERS, min_size=20, max_size=20), st.sampled_from([ORDER, BALANCE]))
def test_whatever_comes_a_call_ends_and_an_order_is_sent_at_most_once(answers: Iterable[Any], command: Any) -> None:
    peer = Peer(*answers)
    caller = caller_of(peer)
    with suppress(SdkError):
        peer.run(caller.request(command, peer.now))
    assert sum(request == "POST /v2/spot/order" for request in peer.requests) <= 1
    assert len(peer.requests) <= 5


@pytest.mark.parametrize("options", [{"window_ms": 0}, {"window_ms": "5000"}, {"window_ms": 1.5}, {"window_ms": True}])
def test_a_window_that_is_no_number_of_milliseconds_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="window_ms must be"):
        HttpOptions(**options)


@pytest.mark.parametrize("retries", [-1, 0.5, None])
def test_a_number_of_retries_below_none_is_refused(retries: Any) -> None:
    with pytest.raises(UsageError, match="retries must be"):
        HttpOptions(retries=retries)
