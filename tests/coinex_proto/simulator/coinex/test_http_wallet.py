"""Transfers, deposits, withdrawals and the record of the spot wallet."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.http_peer import code, data, place, request
from tests.coinex_proto.simulator.peer import Json, Peer, quiet_server

TO_FUTURES: Json = {"from_account_type": "SPOT", "to_account_type": "FUTURES", "ccy": "USDT", "amount": "250.5"}


def held(server: CoinexServer, wallet: str, currency: str) -> Json:
    rows: Any = data(server, "GET", f"/v2/assets/{wallet}/balance")
    return next(row for row in rows if row["ccy"] == currency)


def test_a_transfer_moves_money_between_the_wallets_is_listed_and_pushed() -> None:
    peer = Peer(server := quiet_server())
    peer.sign_in()
    peer.subscribe("balance")
    assert data(server, "GET", "/v2/assets/transfer-history?ccy=USDT&transfer_type=FUTURES") == []
    assert data(server, "POST", "/v2/assets/transfer", TO_FUTURES) == {}
    assert held(server, "spot", "USDT")["available"] == "999749.5"
    assert held(server, "futures", "USDT")["available"] == "1000250.5"
    (row,) = data(server, "GET", "/v2/assets/transfer-history?ccy=USDT&transfer_type=FUTURES&status=finished")
    assert (row["from_account_type"], row["to_account_type"], row["amount"]) == ("SPOT", "FUTURES", "250.5")
    assert data(server, "GET", "/v2/assets/transfer-history?ccy=BTC&transfer_type=FUTURES") == []
    peer.run(0)
    (push,) = peer.pushes("balance.update")
    assert push["balance_list"][0]["available"] == "999749.5"
    back = {**TO_FUTURES, "from_account_type": "futures", "to_account_type": "spot"}
    data(server, "POST", "/v2/assets/transfer", back)
    assert held(server, "spot", "USDT")["available"] == "1000000"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount": "1000000.1"}, 3109),
        ({"amount": "0"}, 4004),
        ({"amount": "-1"}, 4004),
        ({"to_account_type": "SPOT"}, 3639),
        ({"to_account_type": "MARGIN", "market": "BTCUSDT"}, 3639),
        ({"from_account_type": "BANK"}, 3639),
        ({"ccy": "DOGE"}, 3639),
        ({"ccy": "BTC"}, 3639),
        ({"ccy": None}, 3639),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_and_moves_nothing(change: Json, expected: int) -> None:
    server = quiet_server()
    assert code(request(server, "POST", "/v2/assets/transfer", {**TO_FUTURES, **change})) == expected
    assert held(server, "spot", "USDT")["available"] == "1000000"


def test_losses_of_open_positions_cannot_be_transferred_away() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "100", "101", "5000", module="futures")
    server.fill(server.place("BTCUSDT", "buy", "100", "1000", module="futures"))
    server.quote("BTCUSDT", "49", "51", "5000", module="futures")
    entry = held(server, "futures", "USDT")
    assert Decimal(entry["unrealized_pnl"]) == -50_000
    out = {**TO_FUTURES, "from_account_type": "FUTURES", "to_account_type": "SPOT"}
    assert code(request(server, "POST", "/v2/assets/transfer", {**out, "amount": entry["available"]})) == 3109
    data(server, "POST", "/v2/assets/transfer", {**out, "amount": entry["transferrable"]})
    assert held(server, "futures", "USDT")["transferrable"] == "0"


def test_deposits_are_what_the_account_was_given_and_the_envelope_spells_as_the_venue_does() -> None:
    server = quiet_server()
    answer = request(server, "GET", "/v2/assets/deposit-history?ccy=USDT")[2]
    assert answer["paginatation"] == {"has_next": False, "total": 2}
    assert [row["amount"] for row in answer["data"]] == ["1000000", "1000000"]
    assert data(server, "GET", "/v2/assets/deposit-history?ccy=USDT&status=PROCESSING") == []


def test_deposit_addresses_are_the_same_until_they_are_renewed() -> None:
    server = quiet_server()
    first = data(server, "GET", "/v2/assets/deposit-address?ccy=USDT&chain=TRC20")
    assert first == data(server, "GET", "/v2/assets/deposit-address?ccy=USDT&chain=TRC20")
    ethereum = data(server, "GET", "/v2/assets/deposit-address?ccy=USDT&chain=ERC20")["address"]
    assert ethereum.startswith("0x")
    assert len(ethereum) == 42
    renewed = data(server, "POST", "/v2/assets/renewal-deposit-address", {"ccy": "USDT", "chain": "TRC20"})
    assert renewed != first
    assert renewed == data(server, "GET", "/v2/assets/deposit-address?ccy=USDT&chain=TRC20")
    assert code(request(server, "GET", "/v2/assets/deposit-address?ccy=USDT&chain=MOON")) == 3639


def test_a_withdrawal_holds_its_money_until_it_is_cancelled() -> None:
    server = quiet_server()
    terms = {"ccy": "USDT", "chain": "TRC20", "to_address": "Tx", "amount": "10"}
    made = data(server, "POST", "/v2/assets/withdraw", terms)
    assert (made["status"], made["amount"], made["actual_amount"]) == ("audit_required", "10", "9.9999")
    assert held(server, "spot", "USDT") == {"ccy": "USDT", "available": "999990", "frozen": "10"}
    listed = data(server, "GET", f"/v2/assets/withdraw?ccy=USDT&withdraw_id={made['withdraw_id']}")
    assert listed == [made]
    data(server, "POST", "/v2/assets/cancel-withdraw", {"withdraw_id": made["withdraw_id"]})
    assert held(server, "spot", "USDT") == {"ccy": "USDT", "available": "1000000", "frozen": "0"}
    (row,) = data(server, "GET", "/v2/assets/withdraw?status=cancelled")
    assert row["withdraw_id"] == made["withdraw_id"]
    again = request(server, "POST", "/v2/assets/cancel-withdraw", {"withdraw_id": made["withdraw_id"]})
    assert code(again) == 3639
    for change, expected in (
        ({"amount": "10000000"}, 3109),
        ({"amount": "0.0001"}, 4004),
        ({"chain": "MOON"}, 3639),
        ({"fee_ccy": "CET"}, 3639),
        ({"to_address": ""}, 3639),
    ):
        assert code(request(server, "POST", "/v2/assets/withdraw", {**terms, **change})) == expected


def test_the_record_of_the_spot_wallet_adds_up() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "100", "101", "10")
    place(server, type="market", amount="202", price=None)
    server.advance(server.now + 1)
    place(server, side="sell", type="market", amount="0.5", price=None)
    server.advance(server.now + 1)
    data(server, "POST", "/v2/assets/transfer", TO_FUTURES)
    rows = data(server, "GET", "/v2/assets/spot/transcation-history?type=trade&ccy=USDT")
    assert [row["change"] for row in rows] == ["49.9", "-202"]
    assert Decimal(rows[0]["balance"]) == Decimal(held(server, "spot", "USDT")["available"]) + Decimal("250.5")
    assert Decimal(rows[1]["balance"]) == Decimal(rows[0]["balance"]) - Decimal("49.9")
    (deposit,) = data(server, "GET", "/v2/assets/spot/transcation-history?type=deposit&ccy=USDT")
    assert (deposit["change"], deposit["balance"]) == ("1000000", "1000000")
    assert code(request(server, "GET", "/v2/assets/spot/transcation-history?type=gift")) == 3639


def test_every_currency_has_its_configuration() -> None:
    server = quiet_server(markets=("BTCUSDT", "BTCUSD"))
    names = [row["asset"]["ccy"] for row in data(server, "GET", "/v2/assets/all-deposit-withdraw-config")]
    assert names == ["BTC", "USDT"]
    assert data(server, "GET", "/v2/assets/deposit-withdraw-config?ccy=BTC")["chains"][0]["chain"] == "BTC"
    assert [row["short_name"] for row in data(server, "GET", "/v2/assets/info?ccy=USDT")] == ["USDT"]
    assert code(request(server, "GET", "/v2/assets/deposit-withdraw-config?ccy=USD", signed=False)) == 3639
