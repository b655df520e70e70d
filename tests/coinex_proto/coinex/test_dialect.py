"""The two sockets as the core sees them: addresses, sign-in, requests from topics, books."""

import json
from typing import Any

import pytest

from coinex_proto.books.view import BookChanged
from coinex_proto.coinex import (
    FUTURES_URL,
    SPOT_URL,
    Balances,
    BestQuote,
    CoinexDialect,
    Credentials,
    Depth,
    Index,
    Notices,
    Orders,
    Ping,
    Positions,
    Premium,
    Raw,
    ServerTime,
    Ticker,
    Trades,
    futures,
    spot,
)
from coinex_proto.coinex.book import CoinexBook
from coinex_proto.commands import Command
from coinex_proto.dialect import Dialect, Opening
from coinex_proto.errors import UsageError
from coinex_proto.ids import RequestId
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

SECRET = "EXAMPLESECRETKEY0123456789ABCDEF0123456789ABCDEF"
SIGNED: Dialect = futures(credentials=Credentials("ABCDEFGHIJK1234567890", SECRET))


class Foreign(Topic[BookChanged]):
    @property
    def key(self) -> tuple[str, str]:
        return ("depth", "BTCUSDT")


class ForeignCommand(Command[None]): ...


def opening(dialect: Dialect, *, wall_time_ns: int = 1_700_490_703_564_999_999) -> list[Command[Any]]:
    commands = dialect.opening(Opening(wall_time_ns=wall_time_ns, random_bytes=bytes))
    assert commands is not None
    return list(commands)


def written(dialect: Dialect, command: Command[Any], request_id: int = 7) -> Any:
    return json.loads(dialect.encode(command, RequestId(request_id)).text)


def requests(pairs: Any) -> list[tuple[str, Any, list[Any]]]:
    """Method, params and topics of each request."""
    return [(*command.wire(), list(topics)) for command, topics in pairs]


def test_the_documented_addresses_are_the_defaults() -> None:
    assert spot().endpoint.host == futures().endpoint.host == "socket.coinex.com"
    assert (SPOT_URL, FUTURES_URL) == ("wss://socket.coinex.com/v2/spot", "wss://socket.coinex.com/v2/futures")
    assert (spot().endpoint.target, futures().endpoint.target) == ("/v2/spot", "/v2/futures")
    assert (spot().name, futures().name) == ("coinex spot", "coinex futures")


def test_x6_plain_text_goes_to_this_machine_only() -> None:
    assert spot(url="ws://127.0.0.1:1234/v2/spot").endpoint.port == 1234
    with pytest.raises(UsageError, match="allow_plaintext"):
        spot(url="ws://example.com/")
    assert not futures(url="ws://example.com/", allow_plaintext=True).endpoint.tls


def test_x14_credentials_are_of_this_venue() -> None:
    with pytest.raises(UsageError, match=r"coinex\.Credentials, not tuple"):
        spot(credentials=("id", SECRET))  # type: ignore[arg-type]


def test_x1_a_dialect_is_a_value_without_state_and_without_secrets() -> None:
    assert spot() == spot() != futures()
    assert "ABCD" not in repr(SIGNED)
    assert SECRET not in repr(SIGNED)
    with pytest.raises(AttributeError):
        spot().module = "futures"  # type: ignore[misc]


def test_a_public_connection_opens_without_a_word() -> None:
    assert not spot().has_credentials
    assert opening(spot()) == []


def test_x12_the_sign_in_signs_the_time_that_it_sends() -> None:
    (sign,) = opening(SIGNED)
    assert SIGNED.has_credentials
    assert written(SIGNED, sign, 15) == {
        "method": "server.sign",
        "params": {
            "access_id": "ABCDEFGHIJK1234567890",
            "signed_str": "561f7d81cfcdd597b7798fad04386b772b5c0bf20e2364360405dcfb2f4cb383",
            "timestamp": 1700490703564,
        },
        "id": 15,
    }
    assert opening(SIGNED) == [sign]
    assert opening(SIGNED, wall_time_ns=1) != [sign]


def test_x4_x10_the_sign_in_does_not_print_what_it_signs() -> None:
    (sign,) = opening(SIGNED)
    outgoing = SIGNED.encode(sign, RequestId(1))
    for shown in (repr(sign), str(sign), repr(outgoing)):
        assert "561f7d81" not in shown
        assert "ABCDEFGHIJK" not in shown


def test_the_connection_is_proved_by_the_venues_own_ping() -> None:
    assert spot().ping == Ping()
    assert spot().clock == ServerTime()
    assert spot().limits == {}


def test_a_request_is_one_json_object_with_its_id_as_key() -> None:
    outgoing = spot().encode(Ping(), RequestId(3))
    assert outgoing.text == b'{"method":"server.ping","params":{},"id":3}'
    assert outgoing.keys == (("id", 3),)
    assert outgoing.may_wait
    assert not outgoing.is_reply_optional


def test_what_is_no_request_of_this_venue_is_refused() -> None:
    with pytest.raises(UsageError, match="ForeignCommand"):
        spot().encode(ForeignCommand(), RequestId(1))


@pytest.mark.parametrize("params", [{"a": object()}, {1j: 2}, {"a": float}, {"a": {2, 3j}}])
def test_params_that_json_cannot_say_are_refused(params: Any) -> None:
    with pytest.raises(UsageError, match="JSON"):
        spot().encode(Raw("server.time", params), RequestId(1))


def test_params_that_hold_themselves_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UsageError, match="JSON"):
        spot().encode(Raw("server.time", endless), RequestId(1))


# Subscriptions ----------------------------------------------------------------------------------------------------------


def test_topics_of_one_kind_are_joined_in_their_order() -> None:
    found = requests(spot().subscribe([Ticker("B"), Depth("A"), Ticker("A"), Depth("C", 20, "0.01", full=True)]))
    assert found == [
        ("state.subscribe", {"market_list": ("B", "A")}, [Ticker("B"), Ticker("A")]),
        (
            "depth.subscribe",
            {"market_list": (("A", 50, "0", False), ("C", 20, "0.01", True))},
            [Depth("A"), Depth("C", 20, "0.01", full=True)],
        ),
    ]


def test_all_markets_are_an_empty_list_of_their_own() -> None:
    assert requests(spot().subscribe([Ticker("A"), Ticker(), Balances(), Orders()])) == [
        ("state.subscribe", {"market_list": ("A",)}, [Ticker("A")]),
        ("state.subscribe", {"market_list": ()}, [Ticker()]),
        ("balance.subscribe", {"ccy_list": ()}, [Balances()]),
        ("order.subscribe", {"market_list": ()}, [Orders()]),
    ]


def test_depth_is_ended_by_names_alone() -> None:
    assert requests(spot().unsubscribe([Depth("A", 20), Depth("B")])) == [
        ("depth.unsubscribe", {"market_list": ("A", "B")}, [Depth("A", 20), Depth("B")])
    ]


def test_the_end_of_all_markets_is_an_empty_list() -> None:
    assert requests(spot().unsubscribe([Trades(), Trades("A")])) == [
        ("deals.unsubscribe", {"market_list": ()}, [Trades()]),
        ("deals.unsubscribe", {"market_list": ("A",)}, [Trades("A")]),
    ]


def test_notices_name_their_channel() -> None:
    assert requests(SIGNED.subscribe([Notices()])) == [("notice.subscribe", {"channels": (101,)}, [Notices()])]
    assert requests(SIGNED.unsubscribe([Notices()])) == [("notice.unsubscribe", {"channels": (101,)}, [Notices()])]


def test_no_topics_need_no_request() -> None:
    assert list(spot().subscribe([])) == []
    assert list(spot().unsubscribe([])) == []


@pytest.mark.parametrize("topic", [Premium("BTCUSDT"), Positions(), Positions("BTCUSDT")])
def test_what_only_futures_have_is_refused_on_spot(topic: Topic[Event]) -> None:
    with pytest.raises(UsageError, match="only the futures socket"):
        spot().subscribe([topic])
    assert len(futures().subscribe([topic])) == 1


def test_all_indices_can_be_had_on_futures_only() -> None:
    with pytest.raises(UsageError, match="name each market"):
        spot().subscribe([Index()])
    assert requests(futures().subscribe([Index()])) == [("index.subscribe", {"market_list": ()}, [Index()])]
    assert requests(spot().subscribe([Index("A")])) == [("index.subscribe", {"market_list": ("A",)}, [Index("A")])]


def test_a_topic_of_another_venue_is_refused() -> None:
    with pytest.raises(UsageError, match="no topic of the CoinEx sockets"):
        spot().subscribe([Foreign()])


def test_150_markets_and_100_depths_fit_a_small_frame() -> None:
    (tickers,) = spot().subscribe([Ticker(f"LONGNAME{number:03}USDT") for number in range(150)])
    (depths,) = spot().subscribe([Depth(f"NAME{number:03}USDT") for number in range(100)])
    assert len(spot().encode(tickers[0], RequestId(1)).text) < 4096
    assert len(spot().encode(depths[0], RequestId(1)).text) < 4096


# Books ------------------------------------------------------------------------------------------------------------------


def test_a_depth_topic_has_a_new_book_each_time() -> None:
    dialect = spot()
    one, two = dialect.book(Depth("A")), dialect.book(Depth("A"))
    assert isinstance(one, CoinexBook)
    assert one is not two


@pytest.mark.parametrize("topic", [Ticker("A"), BestQuote("A"), Foreign()])
def test_other_topics_have_no_book(topic: Topic[Event]) -> None:
    assert spot().book(topic) is None


def test_decoding_is_the_same_on_both_sockets() -> None:
    payload = b'{"method":"premium.update","data":{"market":"A","premium_index":"1","updated_at":2},"id":null}'
    assert isinstance(spot(), CoinexDialect)
    assert spot().decode(payload) == futures().decode(payload)


@pytest.mark.parametrize("make", [spot, futures])
def test_text_that_anybody_can_read_is_refused_unless_it_was_allowed(make: Any) -> None:
    with pytest.raises(UsageError):
        make(url="ws://socket.coinex.com/v2/x")
    assert not make(url="ws://socket.coinex.com/v2/x", allow_plaintext=True).endpoint.tls


@pytest.mark.parametrize("make", [spot, futures])
def test_the_same_socket_without_credentials_has_market_data_only(make: Any) -> None:
    signed = make(credentials=Credentials("ABCDEFGHIJK1234567890", SECRET))
    bare = signed.without_sign_in()
    assert (bare.has_credentials, bare.name, bare.endpoint) == (False, signed.name, signed.endpoint)
    assert bare.topics_per_connection is None


def test_the_sign_in_is_proved_by_the_same_topics_once_more() -> None:
    (again,) = SIGNED.private_check((Orders("BTCUSDT"),))
    ((first, _),) = SIGNED.subscribe((Orders("BTCUSDT"),))
    assert again == first
    assert SIGNED.private_check(()) == []


def test_what_is_said_of_own_orders_is_read_for_the_half_it_comes_from() -> None:
    order = {
        "order_id": 1, "market": "BTCUSD", "type": "limit", "side": "buy", "price": "2", "amount": "4", "unfilled_amount": "2",
        "filled_amount": "2", "filled_value": "6", "client_id": "", "created_at": 1, "updated_at": 1,
        "taker_fee_rate": "0", "maker_fee_rate": "0",
    }  # fmt: skip
    text = json.dumps({"method": "order.update", "data": {"event": "update", "order": order}}).encode()
    for make, average in ((spot, 3), (futures, None)):
        (update,) = make().decode(text)
        (fact,) = make().order(update)  # type: ignore[arg-type]
        assert (fact.order_id, fact.average_price) == (1, average)
