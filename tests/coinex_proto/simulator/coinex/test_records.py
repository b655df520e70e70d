"""What is remembered of accounts."""

from __future__ import annotations

from coinex_proto.simulator.coinex.records import KEPT, Records, SubAccount


def test_numbers_of_records_differ_and_movements_are_bounded() -> None:
    records = Records()
    for at in range(KEPT + 5):
        records.note("transfer", 10, "spot", "futures", "USDT", 1, at)
    assert len(records.movements) == KEPT
    assert records.movements[0].at_ms == 5
    assert len({moved.number for moved in records.movements}) == KEPT
    assert records.movements[0].other == 10


def test_sub_accounts_belong_to_one_main_account() -> None:
    records = Records()
    records.subs[11] = SubAccount(name="a", main=10, owner=11, permissions=[])
    assert list(records.subs_of(10)) == ["a"]
    assert records.subs_of(11) == {}
