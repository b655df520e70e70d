"""Where one WebSocket frame ends and the next begins (RFC 6455, section 5.2), as pure functions over bytes.

`cut_messages` is the fast lane: it cuts the frames that nearly all traffic consists of, whole unfragmented text and
binary messages, and stops at the first byte of anything else. `peek` says how long that other frame is, so that it can
be handed whole to the one authority on the protocol, and whether its header alone is wrong. This module must not keep
state, know the handshake, or decide what happens to a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from coinex_proto.errors import UsageError

FIN: Final = 0x80
MASKED: Final = 0x80
TEXT: Final = 0x01
BINARY: Final = 0x02
CONTROL: Final = 0x08
WHOLE_TEXT: Final = 0x81
WHOLE_BINARY: Final = 0x82

LENGTH_IN_2_BYTES: Final = 126
LENGTH_IN_8_BYTES: Final = 127

CLOSE_CODES: Final = (range(1000, 1004), range(1007, 1015), range(3000, 5000))
"""What may stand in a Close frame (RFC 6455, 7.4, and the IANA registry)."""
MAX_CLOSE_TEXT: Final = 123
"""RFC 6455 5.5: a control frame holds 125 bytes, two of them the code."""
NORMAL_CLOSURE: Final = 1000
PRIVATE_CODES: Final = range(3000, 5000)
"""RFC 6455 7.4.2: codes that a program may send, beside 1000."""

_KNOWN: Final = frozenset({0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A})
"""First bytes that a server may send: no RSV bit, a defined opcode, control frames never fragmented."""
_EXTENDED: Final = {LENGTH_IN_2_BYTES: (4, 126, 2**16), LENGTH_IN_8_BYTES: (10, 2**16, 2**63)}
"""Second byte of the header -> header size, smallest length that needs it, first length that it may not say."""


class Frame(NamedTuple):
    """What the header of a frame says."""

    first: int
    """FIN bit and opcode, as on the wire."""
    length: int
    """Of the payload, in bytes."""
    end: int
    """Position of the first byte behind the frame; it may not have come yet."""
    is_wrong: bool
    """No such frame is allowed from a server, whatever came before and follows; `length` and `end` mean nothing then."""


def cut_messages(data: bytes, at: int, limit: int, append: Callable[[bytes], object]) -> int:
    """Give the payloads of all whole data frames from `at` on to `append`; the position of the first byte that was not cut.

    Stops at everything else: another kind of frame, a frame that has not come whole, one longer than `limit` bytes, one
    whose length is not written in the shortest way, a text that is not UTF-8. Must not be called between the fragments
    of a message.
    """
    end = len(data)
    while end - at >= 4:
        first = data[at]
        if first != WHOLE_TEXT and first != WHOLE_BINARY:
            return at
        length = data[at + 1]
        start = at + 2
        if length == LENGTH_IN_2_BYTES:
            length = data[at + 2] << 8 | data[at + 3]
            start = at + 4
            if length < LENGTH_IN_2_BYTES:
                return at
        elif length >= LENGTH_IN_8_BYTES:
            start = at + 10
            if length != LENGTH_IN_8_BYTES or (length := int.from_bytes(data[at + 2 : start])) < 2**16:
                return at
        stop = start + length
        if stop > end or length > limit:
            return at
        payload = data[start:stop]
        if first == WHOLE_TEXT and not payload.isascii() and not is_utf8(payload):
            return at
        append(payload)
        at = stop
    return at


def is_utf8(payload: bytes) -> bool:
    """Whether these bytes are text."""
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def peek(data: bytes, at: int) -> Frame | int:
    """The header of the frame at `at`, or how many bytes from there on are needed to say more."""
    have = len(data) - at
    if have < 2:
        return 2
    first, second = data[at], data[at + 1]
    is_long_control = bool(first & CONTROL) and second > 125
    if first not in _KNOWN or second & MASKED or is_long_control:
        return Frame(first, 0, at, is_wrong=True)
    if second not in _EXTENDED:
        return Frame(first, second, at + 2 + second, is_wrong=False)
    size, least, beyond = _EXTENDED[second]
    if have < size:
        return size
    length = int.from_bytes(data[at + 2 : at + size])
    return Frame(first, length, at + size + length, is_wrong=not least <= length < beyond)


def encoded(text: str | bytes) -> bytes:
    """The payload of a text message: UTF-8, or `UsageError`."""
    if isinstance(text, bytes):
        if text.isascii() or is_utf8(text):
            return text
        raise UsageError("a text message must be UTF-8; these bytes are not")
    try:
        return text.encode()
    except (UnicodeEncodeError, AttributeError) as error:
        raise UsageError("a text message must be str without lone surrogates, or UTF-8 bytes") from error


def check_close(code: int, text: str) -> None:
    """`UsageError` for a code that a client may not send, or a text that does not fit into the frame."""
    if not any(code in codes for codes in CLOSE_CODES):
        raise UsageError(f"close code {code}: must be 1000 to 1003, 1007 to 1014 or 3000 to 4999")
    if len(encoded(text)) > MAX_CLOSE_TEXT:
        raise UsageError(f"the text of a Close frame has at most {MAX_CLOSE_TEXT} bytes")


def check_own_close(code: int, text: str) -> None:
    """`UsageError` for what a program may not say in its goodbye: fewer codes than fit into a frame, and printable text."""
    if code != NORMAL_CLOSURE and code not in PRIVATE_CODES:
        raise UsageError(f"close code {code} cannot be sent: use 1000 or 3000 to 4999 (RFC 6455, 7.4)")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_CLOSE_TEXT or not text.isprintable():
        raise UsageError("the text of a close frame is printable and at most 123 bytes of UTF-8")


def text_frame(payload: bytes, mask: bytes) -> bytes:
    """A whole text message as a client sends it, masked with these 4 bytes."""
    size = len(payload)
    if size < LENGTH_IN_2_BYTES:
        header = bytes((WHOLE_TEXT, MASKED | size))
    elif size < 2**16:
        header = bytes((WHOLE_TEXT, MASKED | LENGTH_IN_2_BYTES)) + size.to_bytes(2)
    else:
        header = bytes((WHOLE_TEXT, MASKED | LENGTH_IN_8_BYTES)) + size.to_bytes(8)
    # One exclusive-or of two huge integers: 10 times as quick as byte by byte in Python.
    key = int.from_bytes((mask * (size // 4 + 1))[:size])
    return b"".join((header, mask, (int.from_bytes(payload) ^ key).to_bytes(size)))
