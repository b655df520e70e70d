"""QFEX over HTTP, blocking and under trio, against the local QFEX: each path, each oddity, and what fails."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest
import trio
import trio.testing

from coinex_proto import OutcomeUnknown, PayloadError, RequestRefused, UsageError
from coinex_proto.qfex import HmacCredentials, http
from coinex_proto.simulator import QfexForms
from coinex_trio import QfexClient, QfexExchange, QfexHttp, memory_exchange, open_qfex_http

SYMBOL = "AAPL-USD"
SPAN: dict[str, Any] = {"fromISO": "2000-01-01T00:00:00Z", "toISO": "2100-01-01T00:00:00Z"}

PUBLIC: list[http.HttpCommand[Any]] = [
    http.GetCandles(symbol=SYMBOL, resolution="1MIN", **SPAN),
    http.GetFunding(symbol=SYMBOL, intervalMinutes=60, **SPAN),
    http.GetOpenInterest(symbol=SYMBOL, intervalMinutes=60, **SPAN),
    http.GetRefdata(),
    http.GetSettlementCalendar(symbol=SYMBOL),
    http.GetSettlementPrices(symbol=SYMBOL, limit=10),
    http.GetSymbolLongShort(symbol=SYMBOL, interval="1h", **SPAN),
    http.GetTakerVolume(symbol=SYMBOL, intervalMinutes=60, **SPAN),
    http.GetUnderlier(symbol=SYMBOL, interval="1h", **SPAN),
]
SIGNED: list[http.HttpCommand[Any]] = [
    http.GetHistoricOrdersCsv(),
    http.GetHistoricTwapsCsv(),
    http.GetTradesCsv(),
    http.GetAccountEquity(),
    http.GetFees(),
    http.GetHistoricOrders(),
    http.GetHistoricPnl(),
    http.GetHistoricTwaps(),
    http.GetPositions(),
    http.GetReferralRewards(),
    http.GetSubaccounts(),
    http.GetTrades(symbol=SYMBOL, limit=1000, offset=0),
    http.GetVolume(),
    http.GetPnl(limit_hours=2160),
]


def made(**forms: Any) -> QfexExchange:
    exchange = memory_exchange("qfex", seed=1, rate=0.0001, forms=QfexForms(**forms))
    exchange.quote(SYMBOL, bid="201", ask="202", size="1")
    return exchange


def opened(exchange: QfexExchange, **options: Any) -> QfexHttp:
    options.setdefault("credentials", exchange.credentials)
    return QfexHttp(url="http://127.0.0.1", network=exchange.network, **options)


def traded(exchange: QfexExchange) -> None:
    with QfexClient(exchange.credentials, network=exchange.network) as qx:
        order = qx.place_order(SYMBOL, "BUY", "LIMIT", "0.5", "202", order_time_in_force="IOC", client_order_id="mine")
        qx.wait(order, timeout=5)


@pytest.mark.parametrize("null_arrays", [False, True])
def test_each_path_has_a_typed_answer(null_arrays: bool) -> None:
    exchange = made(null_arrays=null_arrays)
    with opened(exchange) as api:
        for command in (*PUBLIC, *SIGNED):
            assert type(api.request(command)) is command.reads
        traded(exchange)
        for command in (*PUBLIC, *SIGNED):
            full = api.request(command)
            assert type(full) is command.reads
            if hasattr(full, "data") and getattr(full, "count", None) is not None:
                assert len(full.data) == full.count


def test_all_paths_are_there_and_market_data_needs_no_keys() -> None:
    assert len(PUBLIC) + len(SIGNED) + len((http.SetLeverage, http.CreateSubaccount, http.Transfer)) == 26
    with opened(made(), credentials=None) as api:
        for command in PUBLIC:
            api.request(command)
        for command in SIGNED:
            with pytest.raises(UsageError, match="Authentication required"):
                api.request(command)


def test_what_the_socket_did_stands_in_the_answers() -> None:
    exchange = made()
    traded(exchange)
    with opened(exchange) as api:
        (order,) = api.request(http.GetHistoricOrders(client_order_id="mine")).data
        assert (order.filled_qty, order.avg_price, order.terminal_status) == (D("0.5"), D(202), "FILLED")
        (trade,) = api.request(http.GetTrades(exchange_order_id=order.order_id)).data
        assert (trade.price, trade.quantity, trade.side) == (D(202), D("0.5"), "BUY")
        (position,) = api.request(http.GetPositions()).positions
        assert (position.position, position.average_price) == (D("0.5"), D(202))
        assert order.order_id in api.request(http.GetHistoricOrdersCsv())
        assert api.request(http.GetHistoricOrders(client_order_id="other")).data == ()
        assert api.request(http.GetTrades(symbol=SYMBOL, offset=1)).data == ()
        (instrument,) = api.request(http.GetRefdata(ticker=SYMBOL)).data
        assert (instrument.tick_size, instrument.lot_size, instrument.status) == (D("0.01"), D("0.0001"), "ACTIVE")


def test_money_moves_between_own_accounts_and_a_subaccount_is_acted_for() -> None:
    exchange = made()
    with opened(exchange) as api:
        account = api.request(http.CreateSubaccount()).account_id
        assert api.request(http.GetSubaccounts()).account_ids == (account,)
        main = exchange._server.own.user_id
        api.request(http.Transfer(src_account_id=main, dst_account_id=account, amount="250.5"))
        with pytest.raises(RequestRefused):
            api.request(http.Transfer(src_account_id=account, dst_account_id=main, amount="999"))
    with opened(exchange, account_id=account) as api:
        assert api.request(http.GetPositions()).balance.available_balance == D("250.5")
    with opened(exchange, account_id="nobody") as api, pytest.raises(http.HttpRefused) as refused:
        api.request(http.GetPositions())
    assert refused.value.status == 403


def test_the_venues_oddities_are_told_or_avoided() -> None:
    with opened(made(refuses_user_agents=True)) as api:
        assert api.request(http.GetPositions()).positions  # our own User-Agent is a plain word
    with opened(made(new_account=True)) as api, pytest.raises(http.HttpRefused, match="deposit first") as refused:
        api.request(http.GetPositions())
    assert (refused.value.status, refused.value.retryable, refused.value.is_new_account) == (500, False, True)


def test_a_wrong_key_and_a_wrong_symbol_are_refused() -> None:
    exchange = made()
    wrong = HmacCredentials(exchange.public_key, "not-the-secret")
    with opened(exchange, credentials=wrong) as api, pytest.raises(http.HttpRefused, match="invalid signature") as no:
        api.request(http.GetFees())
    assert (no.value.status, no.value.code) == (401, 401)
    with opened(exchange) as api:
        assert api.request(http.SetLeverage(symbol=SYMBOL, leverage=5)).leverage == D(5)
        with pytest.raises(http.HttpRefused, match="no such symbol"):
            api.request(http.SetLeverage(symbol="NONE-USD", leverage=5))


def test_what_cannot_be_sent_is_refused_at_once() -> None:
    wrongs: list[Any] = [
        lambda: http.GetHistoricOrders(limit=1001),
        lambda: http.GetHistoricOrders(limit=0),
        lambda: http.GetHistoricOrders(offset=-1),
        lambda: http.GetPnl(limit_hours=2161),
        lambda: http.GetCandles(symbol=SYMBOL, resolution="2MIN", **SPAN),
        lambda: http.GetCandles(symbol="aapl", resolution="1MIN", **SPAN),
        lambda: http.GetCandles(symbol=SYMBOL, resolution="1MIN", fromISO="yesterday", toISO="today"),
        lambda: http.GetSettlementPrices(start="2026-01-01"),
        lambda: http.SetLeverage(symbol=SYMBOL, leverage=5.0),  # type: ignore[arg-type]
        lambda: http.Transfer(src_account_id="", dst_account_id="b", amount=1),
        lambda: http.Transfer(src_account_id="a", dst_account_id="b", amount="-1"),
    ]
    for wrong in wrongs:
        with pytest.raises(UsageError):
            wrong()


def test_an_answer_that_cannot_be_read_is_told() -> None:
    nan = b'{"data":[{"symbol":"A","tick_size":"NaN","lot_size":1}]}'
    for body in (b"", b"{", b"[]", b'{"data":[{"symbol":"A"}]}', nan):
        with pytest.raises(PayloadError):
            http.parse(http.GetRefdata(), 200, body)
    for status, body in ((200, b"<html>"), (503, b""), (202, b"{}")):
        with pytest.raises(OutcomeUnknown):
            http.parse(http.CreateSubaccount(), status, body)
    with pytest.raises(http.HttpRefused, match="User-Agent"):
        http.parse(http.GetFees(), 403, b"error code: 1010")


def test_numbers_come_exact_as_numbers_or_texts_and_null_arrays_are_empty() -> None:
    ids = b'"id":"1","order_id":"2","symbol":"A","side":"BUY"'
    body = b'{"$schema":"x","count":1,"data":[{%s,"price":0.1,"quantity":"0.30000000000000004"}]}' % ids
    (trade,) = http.parse(http.GetTrades(), 200, body).data
    assert (trade.price, trade.quantity) == (D("0.1"), D("0.30000000000000004"))
    assert http.parse(http.GetTrades(), 200, b'{"count":0,"data":null}').data == ()
    nested = b'{"data":[{"symbol":"A","tick_size":"0.05","lot_size":1,"order_types":null}]}'
    assert http.parse(http.GetRefdata(), 200, nested).data[0].order_types == ()


def test_under_trio_it_is_the_same() -> None:
    exchange = made()

    async def main() -> None:
        async with open_qfex_http(exchange.credentials, url="http://127.0.0.1", network=exchange.network) as api:
            assert (await api.request(http.GetRefdata())).data[0].symbol == SYMBOL
            assert (await api.request(http.GetPositions())).balance.deposit > 0
            with pytest.raises(http.HttpRefused):
                await api.request(http.SetLeverage(symbol="NONE-USD", leverage=5))

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_the_signature_is_of_nonce_and_time_and_no_secret_shows() -> None:
    keys = HmacCredentials("qfex_pub_xxxxx", "qfex_secret_yyyyyy")
    nonce = "00112233445566778899aabbccddeeff"
    request = http.build(http.GetFees(), keys, nonce=nonce, unix_ts=1760545414, account_id="sub")
    headers = dict(request.headers)
    assert headers["x-qfex-hmac-signature"] == "4b2447002bae930f69b2da9bde697d9baa0bc6bdefc63820ec3a393ce646b66d"
    assert headers["x-qfex-requested-account-id"] == "sub"
    assert "4b2447" not in repr(request)
    moved = http.build(http.Transfer(src_account_id="a b", dst_account_id="c", amount="0.10"), keys, nonce="n")
    assert (moved.target, moved.body) == ("/user/transfer?src_account_id=a%20b&dst_account_id=c", b'{"amount":0.10}')
