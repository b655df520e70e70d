"""The compiled twins and the pure ones give the same: values, errors, messages, bounds. One suite for all of them.

`make sanitize` runs it on a build with the address and undefined-behaviour sanitizers.
"""

import copy
import gzip
import json
import os
import pickle
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.contestants import NOW, SOURCES, opened
from coinex_proto import Config, Connection, Update, coinex, to_json, updates
from coinex_proto._wire import framing, inflate
from coinex_proto._wire.inflate import TooBig
from coinex_proto.coinex import BestQuoteUpdate, DepthUpdate, TickerUpdate, TradesUpdate, _decode, _pushes
from coinex_proto.errors import PayloadError
from coinex_proto.speedups import description, speed
from tests.processes import HANGS_AFTER

pytestmark = pytest.mark.skipif(speed is None, reason=f"there is nothing to compare: {description}")


# Frames ---------------------------------------------------------------------------------------------------------------


def frame(first: int, payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes((first, len(payload))) + payload
    if len(payload) < 2**16:
        return bytes((first, 126)) + len(payload).to_bytes(2) + payload
    return bytes((first, 127)) + len(payload).to_bytes(8) + payload


def assert_cut_alike(data: bytes, at: int, limit: int) -> None:
    assert speed is not None
    pure: list[bytes] = []
    quick: list[bytes] = []
    end = framing.cut_messages(data, at, limit, pure.append)
    assert (speed.cut_messages(data, at, limit, quick.append), quick) == (end, pure)


payloads = st.binary(max_size=200) | st.text(max_size=60).map(str.encode) | st.sampled_from([b"x" * 125, b"y" * 126])
frames = st.builds(frame, st.sampled_from([0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0xC1]), payloads) | st.binary(
    max_size=12
)


@given(st.lists(frames, max_size=5).map(b"".join), st.integers(0, 20), st.sampled_from([1, 125, 126, 10**6]))
@example(bytes((0x81, 126, 0, 125)) + b"x" * 125, 0, 1000)
@example(bytes((0x82, 127, 0, 0, 0, 0, 0, 0, 0, 200)) + b"x" * 200, 0, 1000)
@example(bytes((0x82, 127)) + b"\xff" * 8 + b"x", 0, 1000)
@example(frame(0x82, b"z" * 70000), 0, 69999)
@example(frame(0x81, b"\xed\xa0\x80"), 0, 1000)
def test_frames_are_cut_alike(data: bytes, at: int, limit: int) -> None:
    assert_cut_alike(data, at, limit)


@given(st.lists(frames, max_size=4).map(b"".join))
def test_frames_are_cut_alike_wherever_the_bytes_end(data: bytes) -> None:
    for end in range(len(data)):
        assert_cut_alike(data[:end], 0, 1000)


def test_what_takes_the_frames_may_raise() -> None:
    def refuse(payload: bytes) -> None:
        raise OSError(payload)

    assert speed is not None
    for cut in (framing.cut_messages, speed.cut_messages):
        with pytest.raises(OSError, match="abc"):
            cut(frame(0x81, b"abc"), 0, 100, refuse)


# Inflating ------------------------------------------------------------------------------------------------------------


@contextmanager
def pure_inflating() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inflate, "_whole", None)
        patch.setattr(inflate, "isal_zlib", None)
        yield


def outcome(call: Callable[..., Any], *args: Any) -> tuple[object, ...]:
    try:
        return ("value", call(*args))
    except (PayloadError, TooBig) as error:
        return (type(error), str(error))


def assert_inflated_alike(payload: bytes, limit: int) -> None:
    quick = outcome(inflate.inflate, payload, limit)
    with pure_inflating():
        assert quick == outcome(inflate.inflate, payload, limit)


def deflated(pieces: list[bytes], level: int, strategy: int) -> bytes:
    """A member in several blocks, of each kind that zlib makes."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31, 9, strategy)
    return b"".join(packer.compress(piece) + packer.flush(zlib.Z_BLOCK) for piece in pieces) + packer.flush()


pieces = st.binary(max_size=300) | st.text("0123456789.,:[]{}", max_size=900).map(str.encode) | st.just(b"ab" * 3000)
members = st.builds(
    deflated,
    st.lists(pieces, max_size=4),
    st.integers(0, 9),
    st.sampled_from([zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE, zlib.Z_FIXED]),
)


def repaired(member: bytes) -> bytes:
    """With the CRC-32 and the size of what it holds, where it holds anything: so that they are not what is wrong with it."""
    try:
        data = zlib.decompressobj(-15).decompress(member[10:-8], 10**6)
    except zlib.error:
        return member
    return member[:-8] + zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")


@given(members | st.binary(max_size=50), st.sampled_from([1, 10, 600, 10**6]), st.binary(max_size=2))
def test_payloads_are_inflated_alike(payload: bytes, limit: int, behind: bytes) -> None:
    assert_inflated_alike(payload, limit)
    assert_inflated_alike(payload + behind, limit)


@given(st.data(), members)
def test_broken_members_are_refused_alike(data: st.DataObject, member: bytes) -> None:
    at = data.draw(st.integers(0, len(member) - 1))
    flipped = member[:at] + bytes((member[at] ^ data.draw(st.integers(1, 255)),)) + member[at + 1 :]
    assert_inflated_alike(flipped, 10**6)
    assert_inflated_alike(repaired(flipped), 10**6)
    assert_inflated_alike(member[:at], 10**6)


@given(members)
def test_the_extension_leaves_no_faultless_member_to_zlib(member: bytes) -> None:
    assert speed is not None
    data = gzip.decompress(member)
    assert speed.inflate_whole(member, 10**6) == (data or None)


@pytest.mark.parametrize("size", [0, 1, 32767, 32768, 32769, 200_000])
def test_the_limit_is_kept_to_the_byte(size: int) -> None:
    member = gzip.compress(b"a" * size)
    for limit in (max(1, size - 1), max(1, size), size + 1):
        assert_inflated_alike(member, limit)


@pytest.mark.parametrize("promised", [0, 1, 5, 2**31, 2**32 - 1])
def test_a_size_that_a_member_only_promises_costs_no_memory(promised: int) -> None:
    member = gzip.compress(b"abc" * 20)[:-4] + promised.to_bytes(4, "little")
    assert_inflated_alike(member, 2**40)


def test_a_bad_member_does_not_spoil_the_next() -> None:
    good = gzip.compress(b'{"a":1}')
    for bad in (good[:-9], good[:12] + b"\xff\xff\xff" + good[15:], b"\x1f\x8b" + bytes(30)):
        with pytest.raises(PayloadError):
            inflate.inflate(bad, 100)
        assert inflate.inflate(good, 100) == b'{"a":1}'


def test_several_blocks_and_a_name_in_the_header_are_inflated_alike() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    blocks = b"".join(packer.compress(b"a" * 99) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(9)) + packer.flush()
    assert_inflated_alike(blocks, 10**4)
    named = blocks[:3] + b"\x08" + blocks[4:10] + b"name\x00" + blocks[10:]
    assert_inflated_alike(named, 10**4)


# Pushes ---------------------------------------------------------------------------------------------------------------

NUMBERS = (
    *("0", "-0", "0.0", "1", "-1.50", "00.1", "123456789012345678901234567890.123456789012345678901234567890"),
    *("", ".", "-", "1.", ".5", "1.2.3", "+1", " 1", "1_0", "1e5", "1E-7", "1e999999999999999999999", "NaN", "sNaN"),
    *("Infinity", "-inf", "\u0663", "\\u0031", "1\\n", "x", "9" * 100, "9" * 101, "0." + "0" * 60),
)
literals = st.sampled_from([*map(json.dumps, NUMBERS), '"\\u0031"', '"1\\n"']) | st.sampled_from(
    ["1", "1.5", "-0", "0", "01", "1e2", "null", "true", "false", "[]", "{}", "123456789012345678", "1" * 19, "1" * 400]
)
texts = (
    st.sampled_from(['"BTCUSDT"', '"buy"', '""', '"\\u00e9"', '"\u00e9"', '"a\\"b"', '"\\ud800"', '"\x7f"']) | literals
)
blanks = st.sampled_from(["", " ", "\n\t"])
levels = st.lists(
    st.lists(literals | texts, min_size=1, max_size=3).map(lambda pair: f"[{','.join(pair)}]"), max_size=4
).map(lambda pairs: f"[{','.join(pairs)}]")
plain = st.decimals(allow_nan=False, allow_infinity=False, places=8).map(lambda number: f'"{number:f}"')


def objects(members: dict[str, st.SearchStrategy[str]]) -> st.SearchStrategy[str]:
    """JSON objects with most of these members, in any order, some twice, and some that nobody knows."""
    one = st.sampled_from([*members, "new"]).flatmap(
        lambda name: st.tuples(st.just(name), blanks, members.get(name, literals)).map(
            lambda m: f'"{m[0]}"{m[1]}:{m[2]}'
        )
    )
    whole = st.tuples(*(value.map(f'"{name}":{{}}'.format) for name, value in members.items())).map(list)
    return st.one_of(
        whole,
        st.permutations(list(range(len(members)))).flatmap(
            lambda order: whole.map(lambda found: [found[place] for place in order])
        ),
        st.builds(list.__add__, whole, st.lists(one, max_size=2)),
        st.lists(one, max_size=8),
    ).map(lambda found: "{" + ",".join(found) + "}")


number = plain | plain | plain | literals
name = st.just('"BTCUSDT"') | texts
integer = st.integers(-(2**62), 2**62).map(str) | literals
side = (
    st.lists(st.tuples(plain, plain).map(lambda pair: f"[{pair[0]},{pair[1]}]"), max_size=4).map(
        lambda pairs: f"[{','.join(pairs)}]"
    )
    | levels
)
deal = objects({"deal_id": integer, "created_at": integer, "side": name, "price": number, "amount": number})
PUSHES: dict[str, st.SearchStrategy[str]] = {
    "depth.update": objects(
        {
            "market": name,
            "is_full": st.sampled_from(["true", "false", "null", "1"]),
            "depth": objects({"asks": side, "bids": side, "checksum": integer, "last": number, "updated_at": integer}),
        }
    ),
    "deals.update": objects(
        {"market": name, "deal_list": st.lists(deal, max_size=3).map(lambda found: f"[{','.join(found)}]")}
    )
    | objects({"market": name, "deal_list": st.just("[]"), "is_history": st.just("true")}),
    "bbo.update": objects(
        {
            "market": name,
            "updated_at": integer,
            "best_bid_price": number,
            "best_bid_size": number,
            "best_ask_price": number,
        }
    ),
    "state.update": objects(
        {
            "state_list": st.lists(
                objects({"market": name, "last": number, "open": number, "period": integer, "mark_price": number}),
                max_size=3,
            ).map(lambda found: f"[{','.join(found)}]")
        }
    ),
    "index.update": objects({"market": name, "index_price": number}),
    "user_deals.update": objects(
        {"deal_id": integer, "created_at": integer, "market": name, "side": name, "order_id": integer, "price": number}
        | {"amount": number, "fee": number, "fee_ccy": name, "role": name}
    ),
}
pushes = st.sampled_from(sorted(PUSHES)).flatmap(
    lambda method: st.tuples(
        PUSHES[method], blanks, st.sampled_from(["", ',"id":null', ',"id":1.5', ',"data":1', "}"])
    ).map(
        lambda parts: f'{{"method":"{method}",{parts[1]}"data":{parts[0]}{parts[2]}}}{parts[1]}'.encode(
            "utf-8", "replace"
        )
    )
)


def opened_connection(config: Config, *, is_quick: bool) -> Connection:
    wire = Connection(coinex.spot(), SOURCES, config)
    wire.start(NOW)
    opened(wire)
    if not is_quick:
        wire._plain = {}
    return wire


@given(
    st.lists(
        pushes
        | st.builds(gzip.compress, pushes, mtime=st.just(0))
        | st.sampled_from([b"", b"[]", b'{"id":7,"code":0}', b"\x1f\x8b", gzip.compress(gzip.compress(b"[]"))]),
        max_size=6,
    ),
    st.sampled_from([None, 20, 100_000]),
    st.sampled_from([150, 10**6]),
)
def test_a_read_in_one_call_is_what_its_messages_are_one_by_one(
    messages: list[bytes], most: int | None, limit: int
) -> None:
    config = Config(max_message_values=most, max_message_bytes=limit)
    data = b"".join(frame(0x82, message) for message in messages)
    told = []
    for is_quick in (True, False):
        wire = opened_connection(config, is_quick=is_quick)
        wire.receive_data(data, NOW + 1)
        events = [
            (repr(one), getattr(one, "raw", None), getattr(one, "received_at", None)) for one in wire.take_events()
        ]
        told.append(
            (events, wire.phase, len(wire.data_to_send()), wire.stats, wire.last_proof_at, wire.next_deadline())
        )
    assert told[0] == told[1]


def test_a_maker_fills_the_slots_that_it_was_made_for() -> None:
    assert speed is not None

    class Pair:
        one: int
        other: int
        __slots__ = ("one", "other")

    make = speed.Maker(Pair, (vars(Pair)["other"], vars(Pair)["one"]))
    made: Any = make(1, 2)
    assert (type(made), made.one, made.other) == (Pair, 2, 1)
    for call, values in ((make, (1,)), (make, (1, 2, 3)), (speed.Maker, (Pair, (1,))), (speed.Maker, (Pair,))):
        with pytest.raises(TypeError):
            call(*values)


@contextmanager
def pure_decoding() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_decode, "_quick", None)
        yield


def assert_decoded_alike(payload: bytes) -> None:
    quick = _decode.decode(payload)
    with pure_decoding():
        pure = _decode.decode(payload)
    assert type(quick) is type(pure)
    # First as texts: a number is equal to others with more zeros, and nothing of `quick` has been read before.
    assert repr(quick) == repr(pure)
    assert quick == pure


@given(pushes)
def test_pushes_are_read_alike(payload: bytes) -> None:
    assert_decoded_alike(payload)


@given(pushes, st.data())
def test_broken_pushes_are_read_alike(payload: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(payload) - 1))
    assert_decoded_alike(payload[:at])
    assert_decoded_alike(payload[:at] + data.draw(st.binary(max_size=2)) + payload[at + 1 :])


@pytest.mark.parametrize("text", NUMBERS)
def test_each_spelling_of_a_number_is_read_alike(text: str) -> None:
    push = {"method": "index.update", "data": {"market": "BTCUSDT", "index_price": text}}
    assert_decoded_alike(json.dumps(push).encode())
    assert_decoded_alike(json.dumps(push, ensure_ascii=False, separators=(",", ":")).encode())


PLAIN = {
    TickerUpdate: b'{"method":"state.update","data":{"state_list":[{"market":"A","last":"1.50","open":"2"}]},"id":null}',
    DepthUpdate: b'{"method":"depth.update","data":{"market":"A","is_full":true,"depth":{"asks":[["2.0","1"],["3","0.10"]],'
    b'"bids":[],"last":"1.50","updated_at":7,"checksum":4294967295}},"id":null}',
    TradesUpdate: b'{"method":"deals.update","data":{"market":"A","deal_list":[{"deal_id":1,"created_at":2,"side":"buy",'
    b'"price":"1.50","amount":"2.0"}]},"id":null}',
    BestQuoteUpdate: b'{"method":"bbo.update","data":{"market":"A","updated_at":1,"best_bid_price":"1.50",'
    b'"best_bid_size":null,"best_ask_price":"3","best_ask_size":"4"},"id":null}',
}


def read(payload: bytes) -> Any:
    assert speed is not None
    found = speed.decode(_pushes.QUICK_MODELS, payload)
    assert found is not None
    return found[0]


def read_purely(payload: bytes) -> Any:
    return _pushes.PUSHES.decode(payload).updates()[0]


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize(
    "look",
    [
        repr,
        hash,
        lambda update: attrs.asdict(update, recurse=True),
        attrs.astuple,
        lambda update: attrs.evolve(update, market="B"),
        lambda update: pickle.loads(pickle.dumps(update)),
        copy.copy,
        copy.deepcopy,
        to_json,
    ],
)
def test_an_update_that_nobody_has_read_looks_like_any_other(kind: type[Update], look: Callable[[Any], object]) -> None:
    update = read(PLAIN[kind])
    assert type(update) is kind
    assert repr(look(update)) == repr(look(read_purely(PLAIN[kind])))
    assert update == read_purely(PLAIN[kind])


def test_a_number_is_made_at_the_first_read_and_kept() -> None:
    update = read(PLAIN[TickerUpdate])
    assert str(update.last) == "1.50"
    assert update.last is update.last
    match update:
        case TickerUpdate(last=Decimal() as last, high=None):
            assert last is update.last
        case _:
            pytest.fail("it does not match")


def test_levels_are_made_at_the_first_read_and_kept() -> None:
    depth = read(PLAIN[DepthUpdate]).depth
    assert depth.asks == (("2.0", "1"), ("3", "0.10"))
    assert depth.bids == ()
    assert depth.asks is depth.asks


def test_updates_stay_frozen_and_their_classes_tell_what_they_told() -> None:
    update = read(PLAIN[BestQuoteUpdate])
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        update.best_bid_price = Decimal(1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del update.best_bid_price
    descriptor = BestQuoteUpdate.__dict__["best_bid_price"]
    assert (descriptor.__name__, descriptor.__objclass__) == ("best_bid_price", BestQuoteUpdate)
    with pytest.raises(TypeError):
        descriptor.__get__(object())
    assert BestQuoteUpdate.__new__(BestQuoteUpdate) is not None
    with pytest.raises(AttributeError):
        BestQuoteUpdate.__new__(BestQuoteUpdate).best_bid_price  # noqa: B018 - the read is what raises


def test_a_text_that_a_program_puts_into_a_field_stays_what_it_is() -> None:
    assert TickerUpdate(market="A", last="1").last == "1"  # type: ignore[arg-type]


def test_updates_are_stamped_alike_all_or_none() -> None:
    assert speed is not None
    for stamp_all in (updates._stamp_all, speed.stamp_all):
        found = (read(PLAIN[TickerUpdate]), read(PLAIN[DepthUpdate]))
        assert stamp_all((*found, "no update"), b"raw", 2.0) is False
        assert [(one.raw, one.received_at) for one in found] == [(b"", 0.0)] * 2
        assert stamp_all(found, b"raw", 2.0) is True
        assert [(one.raw, one.received_at) for one in found] == [(b"raw", 2.0)] * 2
        assert stamp_all((), b"raw", 2.0) is True


# Memory ---------------------------------------------------------------------------------------------------------------

WITHOUT_MEMORY = """
import attrs, gzip, _testcapi
from coinex_proto.coinex import _pushes
from coinex_proto.speedups import speed
payloads = %r
member, frame = gzip.compress(payloads[0]), bytes((0x81, 3)) + b"abc"
calls = [lambda p=p: speed.decode(_pushes.QUICK_MODELS, p) for p in payloads]
calls += [lambda p=p: attrs.astuple(speed.decode(_pushes.QUICK_MODELS, p)[0]) for p in payloads]
calls += [lambda: speed.cut_messages(frame, 0, 9, [].append), lambda: speed.inflate_whole(member, 10**4)]
def read():
    found = []
    if speed.read([member, *payloads], 0, _pushes.QUICK_MODELS, 10**4, -1, 2.0, found, None) <= len(payloads):
        raise MemoryError  # the rest is left to the twin
    return [(one, one.raw) for one in found]
calls.append(read)
failed = 0
for call in calls:
    expected = repr(call())
    for nth in range(1, 80):
        _testcapi.set_nomemory(nth, nth + 1)
        try:
            found = call()
        except MemoryError:
            found = None
        finally:
            _testcapi.remove_mem_hooks()
        failed += found is None
        assert found is None or repr(found) == expected
print(failed)
"""


def test_no_memory_is_a_memory_error_wherever_it_happens() -> None:
    pytest.importorskip("_testcapi", reason="this Python came without what makes memory fail")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MEMORY % list(PLAIN.values())],
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


# All together ---------------------------------------------------------------------------------------------------------

DIGESTS = """
import hashlib
from benchmarks.contestants import NOW, SOURCES, opened
from benchmarks.__main__ import cut
from benchmarks.stream import stream
from coinex_proto import Connection, coinex
data = b"".join(cut([message for message in stream(seed=3, count=60) if len(message.member) < 9000]))
for size in (1, 2, 3, 7, 126, 1000, 16384, len(data)):
    wire = Connection(coinex.spot(), SOURCES)
    wire.start(NOW)
    opened(wire)
    for at in range(0, len(data), size):
        wire.receive_data(data[at:at + size], NOW)
    events = [(repr(event), event.raw, event.received_at) for event in wire.take_events()]
    print(len(events), hashlib.sha256(repr(events).encode()).hexdigest())
"""


def test_a_connection_gives_the_same_events_with_each_twin_and_for_each_cut() -> None:
    printed = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "COINEX_PURE": pure},
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        ).stdout
        for pure in ("0", "1")
    ]
    assert len(set("".join(printed).splitlines())) == 1
