"""What one payload inflates to, and that nothing a peer sends costs more than the limit."""

from __future__ import annotations

import gzip
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto._wire import inflate as inflating
from coinex_proto._wire.inflate import TooBig, inflate
from coinex_proto.errors import PayloadError
from tests.memory import traced

ISAL = inflating.isal_zlib
LIMIT = 1_000_000
TEXT = b'{"method":"depth.update","data":{"market":"BTCUSDT"}}'
SMALL = gzip.compress(TEXT, mtime=0)
LARGE = gzip.compress(random.Random(1).randbytes(4_000), mtime=0)


needs_isal = pytest.mark.skipif(inflating.isal_zlib is None, reason="extra `speed` not installed")


@pytest.fixture(params=["zlib", pytest.param("isal", marks=needs_isal)], autouse=True)
def accelerator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with zlib alone, and with the accelerator where it is installed."""
    if request.param == "zlib":
        monkeypatch.setattr(inflating, "isal_zlib", None)


@pytest.mark.parametrize("payload", [b"", b"\x1f", TEXT, b"{}", b"x\x9c\x03\x00\x00\x00\x00\x01", bytes(3000)])
def test_d4_a_payload_without_the_gzip_magic_comes_back_as_it_is(payload: bytes) -> None:
    assert inflate(payload, LIMIT) is payload


@pytest.mark.parametrize("member", [SMALL, LARGE])
def test_a_gzip_member_gives_what_it_holds(member: bytes) -> None:
    assert inflate(member, LIMIT) == gzip.decompress(member)


def test_an_empty_member_gives_an_empty_payload() -> None:
    assert inflate(gzip.compress(b""), LIMIT) == b""


@pytest.mark.parametrize("member", [SMALL, LARGE])
def test_the_limit_itself_is_allowed_and_one_byte_more_is_too_big(member: bytes) -> None:
    size = len(gzip.decompress(member))
    assert len(inflate(member, size)) == size
    with pytest.raises(TooBig, match=f"more than the limit of {size - 1}"):
        inflate(member, size - 1)


def test_d1_a_bomb_costs_no_more_memory_than_a_few_limits() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([packer.compress(bytes(1 << 20)) for _ in range(200)]) + packer.flush()

    def inflated() -> None:
        with pytest.raises(TooBig):
            inflate(bomb, LIMIT)

    _, peak = traced(inflated)
    assert peak < 4 * LIMIT


@pytest.mark.parametrize("member", [SMALL, LARGE])
@pytest.mark.parametrize("missing", [1, 4, 8, 9, 20])
def test_d2_a_member_that_is_cut_short_is_an_error(member: bytes, missing: int) -> None:
    with pytest.raises(PayloadError, match="cut short"):
        inflate(member[:-missing], LIMIT)


@pytest.mark.parametrize("member", [SMALL, LARGE])
@pytest.mark.parametrize("at", [-8, -1], ids=["crc", "length"])
def test_d3_a_wrong_crc_or_length_is_an_error(member: bytes, at: int) -> None:
    wrong = bytearray(member)
    wrong[at] ^= 1
    with pytest.raises(PayloadError, match="not valid gzip"):
        inflate(bytes(wrong), LIMIT)


@pytest.mark.parametrize("member", [SMALL, LARGE])
@pytest.mark.parametrize("behind", [b"{", b"\x00", SMALL], ids=["junk", "padding", "second member"])
def test_d5_anything_behind_the_one_member_is_an_error(member: bytes, behind: bytes) -> None:
    with pytest.raises(PayloadError, match=f"^{len(behind)} bytes follow"):
        inflate(member + behind, LIMIT)


@pytest.mark.parametrize("member", [SMALL, LARGE])
@pytest.mark.parametrize(("at", "byte"), [(2, 7), (3, 0xE0), (10, 0xFF)], ids=["method", "flags", "block"])
def test_d4_what_looks_like_gzip_and_is_not_is_a_payload_error_and_no_os_error(
    member: bytes, at: int, byte: int
) -> None:
    wrong = bytearray(member)
    wrong[at] = byte
    with pytest.raises(PayloadError) as caught:
        inflate(bytes(wrong), LIMIT)
    assert not isinstance(caught.value, (OSError, EOFError, TooBig))


def outcome(payload: bytes, limit: int) -> tuple[type, str, bytes]:
    """Class and text of the error, or what came out."""
    try:
        return bytes, "", inflate(payload, limit)
    except PayloadError as error:
        return type(error), str(error), b""


@st.composite
def damaged_members(draw: st.DrawFn) -> bytes:
    """A small or large member with a few bytes changed, cut or added."""
    body = draw(st.binary(max_size=64)) * draw(st.integers(1, 400)) + draw(st.randoms()).randbytes(
        draw(st.sampled_from([0, 100, 1_200]))
    )
    member = bytearray(gzip.compress(body, draw(st.sampled_from([0, 1, 6, 9])), mtime=0))
    for _ in range(draw(st.integers(0, 3))):
        # The start and the end are where header, first block and trailer are.
        at = draw(st.one_of(st.integers(2, 24), st.integers(-12, -1), st.integers(2, len(member) - 1)))
        member[at % len(member)] = draw(st.integers(0, 255))
    return bytes(member[: draw(st.one_of(st.none(), st.integers(2, len(member))))]) + draw(st.binary(max_size=3))


@needs_isal
@given(damaged_members(), st.sampled_from([10, 1_500, LIMIT]))
def test_the_accelerator_gives_the_same_bytes_or_the_same_error_as_zlib(payload: bytes, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inflating, "isal_zlib", ISAL)
        accelerated = outcome(payload, limit)
        patch.setattr(inflating, "isal_zlib", None)
        assert accelerated == outcome(payload, limit)


@needs_isal
@pytest.mark.parametrize("member", [SMALL, LARGE])
def test_a_sound_member_is_inflated_by_the_accelerator_alone(member: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflating, "isal_zlib", ISAL)
    monkeypatch.delattr(inflating, "zlib")
    assert inflate(member, LIMIT) == gzip.decompress(member)


@needs_isal
def test_the_one_known_difference_is_an_incomplete_code_whose_crc_and_length_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    member = bytes.fromhex(
        "1f8b080145f3a90a00ff35c18111c0200083a1599ffd87683c2b10d1287712d1b913000000",
    )
    monkeypatch.setattr(inflating, "isal_zlib", ISAL)
    assert inflate(member, LIMIT) == b"a" * 19
    monkeypatch.setattr(inflating, "isal_zlib", None)
    with pytest.raises(PayloadError, match="not valid gzip"):
        inflate(member, LIMIT)


def test_without_the_accelerator_there_is_none() -> None:
    assert inflating._optional("no_such_module") is None
