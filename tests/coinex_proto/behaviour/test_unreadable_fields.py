"""Through the dialects and a session: one bad field is counted and costs no trust; one bad market costs that market."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coinex_proto import Mended, Unrecognised, coinex, coinflex, qfex
from coinex_proto.coinex._feeds import FEEDS
from coinex_proto.coinflex._decode import decode as coinflex_decode
from coinex_proto.qfex._trade.decode import PUSHES
from coinex_proto.qfex._trade.decode import decode as trade_decode
from coinex_proto.qfex.topics import MARKET_FEEDS
from coinex_proto.updates import Update
from tests.coinex_proto.models import MODELS, members, sample

COINFLEX_NOTICES = {
    "OrderOpened": coinflex.OrderOpened,
    "OrderModified": coinflex.OrderModified,
    "OrdersMatched": coinflex.OrdersMatched,
    "OrderClosed": coinflex.OrderClosed,
    "TickerChanged": coinflex.TickerChanged,
    "BalanceChanged": coinflex.BalanceChanged,
    "TradeVolumeChanged": coinflex.TradeVolumeUpdate,
}


def coinex_push(feed: Any, entry: object) -> bytes:
    return json.dumps(
        {"method": f"{feed.method}.update", "data": {feed.split: [entry]} if feed.split else entry}
    ).encode()


def wires() -> list[Any]:
    """What decodes, the model, and what makes a message of a record."""
    found: list[Any] = [
        pytest.param(
            coinex.futures().decode, feed.update, lambda entry, feed=feed: coinex_push(feed, entry), id=feed.method
        )
        for feed in FEEDS
    ]
    found += [
        pytest.param(
            qfex.mds().decode,
            model,
            lambda entry, model=model: json.dumps({"type": model.channel, **entry}).encode(),
            id=model.channel,
        )
        for model in MARKET_FEEDS.values()
    ]
    found += [
        pytest.param(trade_decode, model, lambda entry, frame=frame: json.dumps({frame: entry}).encode(), id=frame)
        for frame, model in PUSHES.items()
    ]
    found += [
        pytest.param(
            coinflex_decode, model, lambda entry, name=name: json.dumps({"notice": name, **entry}).encode(), id=name
        )
        for name, model in COINFLEX_NOTICES.items()
    ]
    return found


@pytest.mark.parametrize(("decode", "model", "written"), wires())
def test_a_push_with_one_odd_field_is_read_without_it(decode: Any, model: Any, written: Any) -> None:
    whole = decode(written(sample(model)))
    assert [item for item in whole if isinstance(item, model)]
    for one in members(model):
        found = decode(written({**sample(model), one.name: [[]]}))
        if one.name in MODELS[model].split():
            assert [item for item in found if isinstance(item, Unrecognised)], one.name
            assert not [item for item in found if isinstance(item, Update)], one.name
        elif "each alone" not in one.metadata:
            assert type(found) is Mended, one.name
            assert found.left_out == 1, one.name
            update = next(item for item in found if isinstance(item, model))
            assert getattr(update, one.name) is None, one.name
