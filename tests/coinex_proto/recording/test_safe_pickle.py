"""Values of the SDK to bytes and back, without secrets, and what a stranger's bytes cannot do."""

from __future__ import annotations

import collections
import datetime
import decimal
import pickle
import subprocess
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import field, frozen

from coinex_proto import BookView, Endpoint, OrderFact, OrderView, Outgoing, Sources, UsageError, coinex
from coinex_proto.coinex import Credentials, Depth
from coinex_proto.ids import RequestId
from coinex_proto.orders.tracker import Orders
from coinex_proto.recording.safe_pickle import HIDDEN, dumps, loads
from tests.coinex_proto.harness.tiny import Do, Login, Tiny
from tests.coinex_proto.harness.wire import sources

MINE = frozenset({"tests"})


@frozen(kw_only=True)
class Told:
    """Somebody's own value."""

    text: str


@frozen(kw_only=True)
class Signed(Do):
    """A command with more that is not shown."""

    proof: bytes = field(default=b"", repr=False)
    count: int = field(default=0, repr=False)


# There and back -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        ("a", b"b", [1], {2: frozenset({3})}, {4}),
        bytearray(b"x"),
        Decimal("1.50"),
        Fraction(1, 3),
        collections.deque([1], maxlen=2),
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC),
        Depth("BTCUSDT"),
        OrderFact(order_id=7, market="A", state="live", amount=Decimal(5)),
        "x" * 100_000,
    ],
    ids=repr,
)
def test_a_value_of_the_sdk_comes_back_as_it_was(value: object) -> None:
    found = loads(dumps(value))
    assert (type(found), found) == (type(value), value)


def test_what_is_known_by_name_is_not_written() -> None:
    huge = "x" * 10_000
    written = dumps((huge, huge), {id(huge): ("huge",)})
    assert len(written) < 200
    assert loads(written, {("huge",): "stands for it"}) == ("stands for it",) * 2
    with pytest.raises(UsageError, match="which is not known here"):
        loads(written)


def test_a_holder_that_is_not_known_is_its_own_name() -> None:
    holder = object()
    assert loads(dumps(holder, {id(holder): ("holder", 3)})) == ("holder", 3)


def test_a_live_order_is_written_by_its_number_where_it_has_one() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(client_order_id="a", state="sending"), RequestId(1), 1.0)
    written = dumps(view, None, lambda order: 5)
    assert loads(written, {"order": {5: "the view"}.get}) == "the view"
    assert loads(written) is None


# Secrets --------------------------------------------------------------------------------------------------------------


def test_no_text_that_a_repr_hides_is_written() -> None:
    login = Login(signature="SECRET")
    again = loads(dumps(login), packages=MINE)
    assert b"SECRET" not in dumps(login)
    assert (type(again), again.signature) == (Login, HIDDEN)
    signed = loads(dumps(Signed(verb="place", proof=b"SECRET", count=3)), packages=MINE)
    assert (signed.verb, signed.proof, signed.count) == ("place", HIDDEN.encode(), 3)


def test_of_a_request_only_what_is_shown_is_written() -> None:
    sent = Outgoing(text=b'{"key":"SECRET"}', keys=("a",))
    assert b"SECRET" not in dumps(sent)
    assert loads(dumps(sent)).keys == ("a",)


def test_an_address_keeps_neither_query_nor_headers() -> None:
    address = Endpoint(host="x.example", port=8443, tls=False, target="/v2?key=SECRET", headers=(("K", "SECRET"),))
    again = loads(dumps(address))
    assert b"SECRET" not in dumps(address)
    assert (again.host, again.port, again.tls, again.target, again.headers) == ("x.example", 8443, False, "/v2", ())
    assert again.carries_credentials == address.carries_credentials


def test_of_credentials_only_the_class_is_written_and_a_stand_in_comes_back() -> None:
    dialect = coinex.spot(credentials=Credentials("A" * 8, "SECRETSECRET"))
    written = dumps(dialect)
    assert b"SECRET" not in written
    assert b"AAAAAAAA" not in written
    assert loads(written).has_credentials


def test_sources_are_not_written() -> None:
    with pytest.raises(pickle.PicklingError, match="sources"):
        dumps(Sources(int, bytes))


# What is live ---------------------------------------------------------------------------------------------------------


def test_the_live_view_of_a_book_stays_live_with_its_book() -> None:
    book = coinex.spot().book(Depth("BTCUSDT"))
    assert book is not None
    view = BookView(Depth("BTCUSDT"), book)
    view.prove(12.5)
    line = view._is_line_proved
    again = loads(dumps(view, {id(line): "line"}), {"line": line})
    assert isinstance(again, BookView)
    assert (again.topic, again.trusted, again.received_at, list(again.bids)) == (view.topic, True, 12.5, [])
    again.distrust("the line is gone")
    assert (again.trusted, view.trusted) == (False, True)


def test_the_views_of_a_tracker_stay_live() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(client_order_id="a", state="sending"), RequestId(1), 1.0)
    again, live = loads(dumps((orders, view)))
    assert isinstance(live, OrderView)
    again.apply(OrderFact(client_order_id="a", order_id=7, state="live"), 2.0)
    assert (live.state, view.state) == ("live", "sending")


# Bytes of a stranger --------------------------------------------------------------------------------------------------


class Runs:
    """What a stranger would like to have run."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    ("stranger", "why"),
    [
        (Runs(subprocess.getoutput, "true"), "which is not of the SDK"),
        (Runs(eval, "1"), "which is not of the SDK"),
        (Runs(decimal.getcontext), "which is not of the SDK"),
        (Runs(dumps, 1), "which is no class"),
        (Told(text="x"), "which is not of the SDK"),
    ],
    ids=["subprocess", "eval", "decimal", "a function of the SDK", "a class of another package"],
)
def test_nothing_but_classes_of_the_sdk_is_made(stranger: object, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        loads(pickle.dumps(stranger))


def test_classes_of_a_package_that_was_named_are_made_but_not_its_functions() -> None:
    assert loads(pickle.dumps(Told(text="x")), packages=MINE) == Told(text="x")
    with pytest.raises(UsageError, match="which is no class"):
        loads(pickle.dumps(Runs(sources)), packages=MINE)


def test_the_local_exchange_is_not_made_either() -> None:
    from coinex_proto.simulator.hosting.faults import parse_faults

    with pytest.raises(UsageError, match="which is not of the SDK"):
        loads(pickle.dumps(Runs(parse_faults, "")))


@pytest.mark.parametrize("data", [b"", b"junk", b"\x80\x05.", b"I1\n"], ids=repr)
def test_what_is_no_value_says_so(data: bytes) -> None:
    with pytest.raises(UsageError, match="a value of the recording cannot be read"):
        loads(data)


def test_old_pickles_with_lines_can_be_read() -> None:
    assert loads(pickle.dumps((1, "two", [3.5]), 0)) == (1, "two", [3.5])


def test_a_method_is_of_an_object_of_the_sdk_and_plain() -> None:
    orders = Orders()
    again = loads(dumps(orders.find))
    assert again("nothing") is None
    assert type(again.__self__) is Orders
    with pytest.raises(UsageError, match="a method was expected"):
        loads(dumps(Tiny().decode), packages=MINE)
