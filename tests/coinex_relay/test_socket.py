"""How payloads go to a consumer's session: as whole frames, the same from both twins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_relay.socket import binary_frames, framed


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, b"\x82\x00"),
        (125, b"\x82\x7d"),
        (126, b"\x82\x7e\x00\x7e"),
        (65_535, b"\x82\x7e\xff\xff"),
        (65_536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_each_payload_is_one_unmasked_binary_frame(size: int, header: bytes) -> None:
    payload = b"x" * size
    for twin in (binary_frames, framed):
        assert twin([payload]) == header + payload
        assert twin([b"a", payload, b"b"]) == b"\x82\x01a" + header + payload + b"\x82\x01b"


@given(st.lists(st.binary(max_size=300)))
def test_both_twins_make_the_same_frames(payloads: list[bytes]) -> None:
    assert binary_frames(payloads) == framed(payloads)


def test_what_is_no_payload_is_refused_by_both() -> None:
    for twin in (binary_frames, framed):
        with pytest.raises(TypeError):
            twin([b"a", None])  # type: ignore[list-item]
