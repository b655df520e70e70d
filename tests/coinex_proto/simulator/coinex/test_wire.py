"""How messages are packed and numbers written."""

from __future__ import annotations

import gzip
import json

import pytest
from wsproto.frame_protocol import FrameDecoder

from coinex_proto.simulator.coinex.wire import (
    SMALL,
    Push,
    long_units,
    packed,
    public_deal,
    public_deal_text,
    rate,
    text_of,
    units,
)
from coinex_proto.simulator.market.catalogue import specs
from coinex_proto.simulator.market.market import Deal, Market


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, 300_000])
def test_a_payload_is_one_gzip_member_without_a_time(size: int) -> None:
    payload = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    packet = packed(payload)
    assert packet[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
    assert gzip.decompress(packet) == payload
    assert packed(payload) == packet


def test_a_push_makes_its_frame_once() -> None:
    push = Push("state.update", {"state_list": []})
    assert push.frame is push.frame
    decoder = FrameDecoder(client=True)
    decoder.receive_bytes(push.frame)
    frame = decoder.process_buffer()
    assert frame is not None
    assert isinstance(frame.payload, bytes | bytearray)
    assert json.loads(gzip.decompress(frame.payload)) == {
        "method": "state.update", "data": {"state_list": []}, "id": None,
    }  # fmt: skip


def test_spot_numbers_are_short_and_futures_numbers_long() -> None:
    assert (units(55 * 10**19), long_units(55 * 10**19)) == ("5.5", "5.50000000000000000000")
    assert (units(0), long_units(0)) == ("0", "0.00000000000000000000")
    assert rate(46_000) == "0.00046"


def test_a_push_that_is_written_as_text_is_the_same_push() -> None:
    data = {"market": "BTCUSDT", "deal_list": []}
    assert (
        Push.written("deals.update", json.dumps(data, separators=(",", ":"))).frame == Push("deals.update", data).frame
    )


@pytest.mark.parametrize("name", ["BTCUSDT", 'B"\\\n\u00e9USDT', ""])
def test_a_name_is_escaped_where_it_has_to_be(name: str) -> None:
    assert json.loads(text_of(name)) == name


@pytest.mark.parametrize("lots", [1, 10**8, 123_456_789])
def test_a_deal_as_text_says_what_the_object_says(lots: int) -> None:
    market = Market(specs(["BTCUSDT"])[0])
    deal = Deal(7, 1_700_000_000_123, "sell", 6_000_050, lots)
    assert json.loads(public_deal_text(market, deal)) == public_deal(market, deal)
