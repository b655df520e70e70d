"""Numbers, times and ids as QFEX writes them."""

from __future__ import annotations

from coinex_proto.simulator.qfex.wire import Ticket, json_of, moment, number, seconds, uuid


def test_a_number_always_has_a_point() -> None:
    assert json_of([number(150, 2), number(100, 2), number(7, 0), number(-5, 1)]) == b"[1.5,1.0,7.0,-0.5]"


def test_times_are_unix_seconds_or_text_with_nanoseconds() -> None:
    assert json_of(seconds(1_700_000_000_050)) == b"1700000000.05"
    assert moment(1_700_000_000_050) == "2023-11-14T22:13:20.050000000Z"


def test_the_same_parts_give_the_same_uuid() -> None:
    assert uuid("order", 1) == uuid("order", 1) != uuid("order", 2)
    assert [len(part) for part in uuid("order", 1).split("-")] == [8, 4, 4, 4, 12]


def test_only_a_limit_order_that_is_good_till_cancelled_rests() -> None:
    kinds = [("LIMIT", "GTC"), ("ALO", "GTC"), ("LIMIT", "IOC"), ("MARKET", "GTC")]
    tickets = [Ticket(order_id="o", client_order_id="", type=kind, time_in_force=force) for kind, force in kinds]
    assert [ticket.rests for ticket in tickets] == [True, True, False, False]
