"""The table of feeds is whole: a model, topic or export that was forgotten fails here, and so does a number that slips through."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from attrs import NOTHING, evolve, fields, has

from coinex_proto import coinex
from coinex_proto.books.view import BookChanged
from coinex_proto.coinex import Depth, TradesUpdate, account_updates, market_updates, topics
from coinex_proto.coinex._decode import decode
from coinex_proto.coinex._feeds import BY_PUSH, BY_TOPIC, FEEDS, Feed
from coinex_proto.coinex._lenient import lenient
from coinex_proto.coinex._pushes import PUSHES
from coinex_proto.errors import PayloadError
from coinex_proto.events import Unrecognised
from coinex_proto.topics import Topic
from coinex_proto.updates import Update

MODULES = (market_updates, account_updates, topics)
CLASSES = [
    found
    for module in MODULES
    for found in vars(module).values()
    if isinstance(found, type) and found.__module__ == module.__name__ and not found.__subclasses__()
]
SAMPLES: dict[Any, Any] = {int: 1, str: "BTCUSDT", Decimal: Decimal("1.5"), bool: False}


def made(hint: Any, *, is_filled: bool) -> Any:
    """A value of this type; optional members filled or left out."""
    if has(hint):
        hints = get_type_hints(hint)
        wanted = [each for each in fields(hint) if is_filled or each.default is NOTHING]
        return hint(**{each.name: made(hints[each.name], is_filled=is_filled) for each in wanted})
    if get_origin(hint) is tuple:
        return tuple(made(part, is_filled=is_filled) for part in get_args(hint) if part is not Ellipsis)
    if get_args(hint):
        return made(get_args(hint)[0], is_filled=is_filled) if is_filled or type(None) not in get_args(hint) else None
    return SAMPLES[hint]


def sample(feed: Feed, *, is_filled: bool = True) -> Any:
    return made(feed.update, is_filled=is_filled)


def push(feed: Feed, data: Any) -> bytes:
    """The push that holds this, as text."""
    return json.dumps(
        {"method": f"{feed.method}.update", "data": {feed.split: [data]} if feed.split else data}
    ).encode()


def plain(update: Update) -> Any:
    return json.loads(msgspec.json.encode(update))


def spoilt(value: Any, bad: str) -> Iterator[Any]:
    """The same with one number spoilt, for each number in it."""
    for name, entry in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        whole: Any = dict(value) if isinstance(value, dict) else list(value)
        for worse in [bad] if entry == "1.5" else spoilt(entry, bad):
            whole[name] = worse
            yield whole


def numbers(hint: Any) -> int:
    """How many members of this class are a Decimal, those of models within it included."""
    return (
        sum(
            sum(map(numbers, get_args(kind))) if get_args(kind) else numbers(kind) if has(kind) else kind is Decimal
            for kind in (get_type_hints(hint)[each.name] for each in fields(hint))
        )
        if has(hint)
        else hint is Decimal
    )


each_feed = pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.method)


def test_every_topic_and_every_update_stands_in_one_row() -> None:
    rows = sorted(kind.__name__ for feed in FEEDS for kind in (feed.topic, feed.update))
    assert rows == sorted(kind.__name__ for kind in CLASSES if issubclass(kind, (Topic, Update)))
    assert len(FEEDS) == len(BY_TOPIC) == len(BY_PUSH) >= 12


def test_every_class_is_exported_by_its_module_and_by_the_package() -> None:
    for kind in CLASSES:
        assert kind.__name__ in vars(coinex)["__all__"]
    for module in MODULES:
        assert set(vars(module)["__all__"]) <= set(vars(coinex)["__all__"])


@each_feed
def test_a_topic_brings_the_update_of_its_row(feed: Feed) -> None:
    assert feed.topic.event is (BookChanged if feed.topic is Depth else feed.update)


@each_feed
@pytest.mark.parametrize("is_filled", [True, False])
def test_a_push_takes_the_typed_pass_to_the_key_of_its_topic(feed: Feed, is_filled: bool) -> None:
    update = sample(feed, is_filled=is_filled)
    assert list(PUSHES.decode(push(feed, plain(update))).updates()) == [update]
    assert update.topic_key[0] == feed.method
    assert feed.topic(*["BTCUSDT"][: len(fields(feed.topic))]).key == update.topic_key


@each_feed
@pytest.mark.parametrize("is_filled", [True, False])
def test_the_second_reading_finds_the_same(feed: Feed, is_filled: bool) -> None:
    update = sample(feed, is_filled=is_filled)
    data = plain(update)
    found = lenient(f"{feed.method}.update", json.dumps({feed.split: [data]} if feed.split else data).encode())
    assert (found.updates, found.missed, found.left_out) == ([update], [], 0)


@each_feed
@pytest.mark.parametrize("bad", ["NaN", "sNaN", "-Infinity"])
def test_d9_d12_each_number_that_is_not_finite_is_found(feed: Feed, bad: str) -> None:
    variants = list(spoilt(plain(sample(feed)), bad))
    assert len(variants) == numbers(feed.update)
    for variant in variants:
        with pytest.raises(PayloadError, match="with a number that is not finite"):
            PUSHES.decode(push(feed, variant)).updates()
        (found,) = decode(push(feed, variant))
        assert f"Decimal('{bad}')" not in repr(found) or isinstance(found, Unrecognised)
        if isinstance(found, Unrecognised):
            assert found.concerns == sample(feed).topic_key


def test_d9_a_trade_that_is_not_finite_is_found_among_others() -> None:
    update = made(TradesUpdate, is_filled=True)
    (good,) = update.deal_list
    bad = evolve(update, deal_list=(good, evolve(good, amount=Decimal("Infinity"))))
    with pytest.raises(PayloadError, match="TradesUpdate"):
        BY_PUSH["deals.update"].checked(bad)


def test_a_peer_cannot_mark_trades_as_history() -> None:
    update = TradesUpdate(market="A", deal_list=(), is_history=True)
    assert BY_PUSH["deals.update"].checked(update) == evolve(update, is_history=False)
