"""Events as JSON: one line, exact numbers, the venue's own names, no secret, and never an error."""

import enum
import json
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.books.book import Levels
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.commands import Command
from coinex_proto.errors import OutcomeUnknown
from coinex_proto.events import Closed, CloseReason, Failed, Lost, OrderChanged, Ready, Replied, Unrecognised
from coinex_proto.ids import RequestId, TopicKey
from coinex_proto.json import to_json
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.tracker import Orders
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update, mark_self_trade, recovered


class Absent(enum.Enum):
    ABSENT = "absent"


@frozen(kw_only=True)
class Depth:
    asks: tuple[tuple[Decimal, Decimal], ...]
    note: str | None = None


@frozen(kw_only=True)
class OddUpdate(Update):
    """Members with the names that a line of ours has."""

    market: str
    type: str = "limit"
    data: Depth | None = None
    event: str = "put"
    last: int | Absent | None = Absent.ABSENT


@frozen(kw_only=True)
class Login(Command[None]):
    key: str


@frozen
class BookTopic(Topic[BookChanged]):
    market: str
    event = BookChanged

    @property
    def key(self) -> TopicKey:
        return ("book", self.market)


def written(event: Event) -> Any:
    line = to_json(event)
    assert line.isascii()
    assert "\n" not in line
    return json.loads(line)


def test_an_update_stands_under_the_venues_names_apart_from_ours() -> None:
    update = OddUpdate(market="BTCUSDT", data=Depth(asks=((Decimal("64000.10"), Decimal("1E+2")),)))
    object.__setattr__(update, "received_at", 12.5)
    object.__setattr__(update, "raw", b"{}")
    assert written(update) == {
        "type": "OddUpdate",
        "received_at": 12.5,
        "data": {
            "market": "BTCUSDT",
            "type": "limit",
            "data": {"asks": [["64000.10", "100"]], "note": None},
            "event": "put",
        },
    }


def test_an_update_says_that_a_query_brought_it_and_that_a_trade_was_with_oneself() -> None:
    update = OddUpdate(market="BTCUSDT", data=Depth(asks=()))
    assert {"is_recovered", "is_self_trade"}.isdisjoint(written(update))
    recovered(update, 12.5)
    mark_self_trade(update)
    said = written(update)
    assert (said["is_recovered"], said["is_self_trade"], said["received_at"]) == (True, True, 12.5)


def test_a_member_that_is_null_differs_from_one_that_was_not_sent() -> None:
    assert written(OddUpdate(market="A", last=None))["data"]["last"] is None
    assert "last" not in written(OddUpdate(market="A"))["data"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.10", "0.10"),
        ("1E-8", "0.00000001"),
        ("1E+30", "1" + "0" * 30),
        ("1E+999999999", "1E+999999999"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
    ],
)
def test_d12_a_decimal_is_written_digit_for_digit_unless_that_would_be_huge(value: str, text: str) -> None:
    update = OddUpdate(market="A", data=Depth(asks=((Decimal(value), Decimal(1)),)))
    assert written(update)["data"]["data"]["asks"][0][0] == text


def test_a_caller_who_wants_small_letters_gets_the_same_digits() -> None:
    def written(value: str) -> str:
        return to_json(OddUpdate(market="A", data=Depth(asks=((Decimal(value), Decimal(1)),))))

    values = ("1E-8", "6.00E+4", "1E+99", "0E-20")
    wanted = [written(value) for value in values]
    with localcontext(Context(capitals=0)):
        assert [written(value) for value in values] == wanted


def test_d11_a_lone_surrogate_is_written_escaped() -> None:
    line = to_json(OddUpdate(market="\ud800"))
    assert "\\ud800" in line
    line.encode("utf-8")


def test_a_payload_that_was_not_understood_is_written_as_text() -> None:
    line = written(Unrecognised(raw=b"\xff{\n}", why="not JSON"))
    assert line["type"] == "Unrecognised"
    assert (line["data"]["raw"], line["data"]["why"]) == ("\\xff{\n}", "not JSON")


def test_an_event_without_members_has_empty_data() -> None:
    assert written(Ready()) == {"type": "Ready", "data": {}}


def test_topics_are_objects_with_their_parameters() -> None:
    event = Lost(topics=(BookTopic("BTCUSDT"),), since=1.0, why="closed")
    assert written(event)["data"]["topics"] == [{"type": "BookTopic", "market": "BTCUSDT"}]


def test_a_command_is_its_name_and_an_error_its_class_and_text() -> None:
    event = Failed(request_id=RequestId(7), command=Login(key="S3CRET"), error=OutcomeUnknown("line lost"))
    assert written(event)["data"] == {
        "request_id": 7,
        "command": "Login",
        "error": {"error": "OutcomeUnknown", "message": "line lost"},
    }
    assert "S3CRET" not in to_json(event)


def test_nested_values_without_a_schema_are_written_too() -> None:
    event = Closed(reason=CloseReason(code=1001, text="going away"))
    assert written(event)["data"]["reason"] == {"code": 1001, "text": "going away", "error": None}


def test_the_result_of_a_request_may_be_any_json() -> None:
    result = {"a": [1, 2.5, True, None, float("nan")], 5: {"b": b"x"}}
    event = Replied(request_id=RequestId(1), command=Login(key="S3CRET"), result=result)
    assert written(event)["data"]["result"] == {"a": [1, 2.5, True, None, "nan"], "5": {"b": "x"}}


def test_a_result_that_is_an_update_is_written_like_one() -> None:
    event = Replied(request_id=RequestId(1), command=Login(key=""), result=OddUpdate(market="A"))
    assert written(event)["data"]["result"]["type"] == "OddUpdate"


def test_what_a_repr_hides_is_not_written() -> None:
    @frozen(kw_only=True)
    class Hiding(Event):
        shown: int = 1
        hidden: str = field(default="S3CRET", repr=False)

    assert written(Hiding()) == {"type": "Hiding", "data": {"shown": 1}}


def test_what_nests_without_end_is_said_to_and_does_not_raise() -> None:
    result: list[object] = []
    for _ in range(100_000):
        result = [result]
    event = Replied(request_id=RequestId(1), command=Login(key=""), result=result)
    assert written(event) == {"type": "Replied", "data": None, "why": "nested too deeply to be written"}


def test_an_order_is_an_object_of_what_its_view_shows() -> None:
    order = Orders().sending(
        OrderFact(market="BTCUSDT", side="buy", amount=Decimal("1.50"), price=Decimal(100)), RequestId(1), 5.0
    )
    shown = written(OrderChanged(order=order.snapshot()))["data"]["order"]
    assert shown == {
        "market": "BTCUSDT",
        "side": "buy",
        "price": "100",
        "amount": "1.50",
        "filled": "0",
        "remaining": "1.50",
        "average_price": None,
        "order_id": None,
        "client_order_id": None,
        "state": "sending",
        "is_final": False,
        "has_ended": False,
        "why": "",
        "updated_at": 5.0,
    }


def test_a_book_is_written_with_its_trust_even_while_it_has_none() -> None:
    topic = BookTopic("BTCUSDT")
    view = BookView(topic, Levels(((Decimal("1.0"), Decimal(2)),), (), 99))
    book = written(BookChanged(topic=topic, market="BTCUSDT", book=view))["data"]["book"]
    assert book["trusted"] is False
    assert book["why"]
    assert (book["bids"], book["asks"], book["updated_at_ms"]) == ([["1.0", "2"]], [], 99)


def test_unusual_kinds_of_usual_values_are_written_as_the_usual_ones() -> None:
    class Name(str):
        __slots__ = ()

    result = (Name("x"), bytearray(b"y"), frozenset({"b", "a"}), range(2), object)
    event = Replied(request_id=RequestId(1), command=Login(key=""), result=result)
    assert written(event)["data"]["result"] == ["x", "y", ["a", "b"], [0, 1], "<class 'object'>"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_the_peer_sends_is_written_as_one_line_of_valid_json(value: object) -> None:
    written(Replied(request_id=RequestId(1), command=Login(key=""), result=value))
