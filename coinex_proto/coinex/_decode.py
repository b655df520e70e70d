"""An inflated payload in, answers and typed updates out; never raises.

Attempts in order of how often they are needed, each only when the one before has failed: one typed pass for today's pushes
(the hot path), then the envelope alone: an answer, a push with old spellings, a v1 frame, or nothing we know.
Source: CoinEx API v2, "Message format".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from coinex_proto.coinex._lenient import lenient
from coinex_proto.coinex._orders_missed import orders_missed, orders_of_unknown
from coinex_proto.coinex._pushes import PUSHES, QUICK_MODELS
from coinex_proto.coinex._refusals import refusal
from coinex_proto.coinex.legacy._answer import legacy_answer
from coinex_proto.coinex.legacy._decode import legacy_updates
from coinex_proto.decoding import UNREADABLE
from coinex_proto.dialect import Answer, Inbound, Mended
from coinex_proto.errors import quoted
from coinex_proto.events import Unrecognised
from coinex_proto.ids import ANYTHING
from coinex_proto.speedups import speed
from coinex_proto.updates import Update

_decode_push: Final = PUSHES.decode
_quick: Callable[[dict[str, Any], bytes], Sequence[Update] | None] | None = None if speed is None else speed.decode
"""Gives None for what is not in the plain form."""


def decode(payload: bytes) -> Sequence[Inbound]:
    """All that one message holds."""
    if _quick is not None and (updates := _quick(QUICK_MODELS, payload)) is not None:
        return updates
    try:
        return _decode_push(payload).updates()
    except UNREADABLE:
        return _second_reading(payload)


def _second_reading(payload: bytes) -> Sequence[Inbound]:
    try:
        return _by_envelope(payload)
    except UNREADABLE as problem:
        # JSON of another shape is no push; what is no JSON may have been any.
        concerns = None if isinstance(problem, msgspec.ValidationError) else ANYTHING
        return (Unrecognised(raw=payload, why=f"unreadable message: {quoted(problem)}", concerns=concerns),)


_ABSENT: Final = msgspec.Raw(b"")


class _Envelope(msgspec.Struct, gc=False):
    """Any message, its members still as text."""

    method: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    id: msgspec.Raw = _ABSENT
    code: msgspec.Raw = _ABSENT
    message: msgspec.Raw = _ABSENT
    params: msgspec.Raw = _ABSENT
    error: msgspec.Raw = _ABSENT
    result: msgspec.Raw = _ABSENT


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_INT: Final = msgspec.json.Decoder(int)
_TEXT: Final = msgspec.json.Decoder(str)


def _by_envelope(payload: bytes) -> Sequence[Inbound]:
    envelope = _ENVELOPE.decode(payload)
    if bytes(envelope.method):
        return _push(payload, envelope)
    if bytes(envelope.code):
        return (_answer(envelope),)
    if bytes(envelope.error) or bytes(envelope.result):
        return (legacy_answer(("id", _INT.decode(envelope.id)), bytes(envelope.error), bytes(envelope.result)),)
    return (Unrecognised(raw=payload, why="a message with neither method nor code"),)


def _push(payload: bytes, envelope: _Envelope) -> Sequence[Inbound]:
    method = _TEXT.decode(envelope.method)
    try:
        if bytes(envelope.params):
            return legacy_updates(method, bytes(envelope.params))
        found = lenient(method, bytes(envelope.data))
    except LookupError:
        orders = orders_of_unknown(bytes(envelope.data))
        concerns = None if orders is None else orders.topic
        return (Unrecognised(raw=payload, why=f"unknown method {quoted(method)}", concerns=concerns, orders=orders),)
    data = bytes(envelope.data)
    missed = [
        Unrecognised(
            raw=payload,
            why=f"{method}: {one.why}",
            concerns=one.concerns,
            orders=orders_missed(str(one.concerns[0]), data),
        )
        for one in found.missed
    ]
    return Mended((*found.updates, *missed), left_out=found.left_out)


def _answer(envelope: _Envelope) -> Inbound:
    """Raises for an id or a code that is no integer: True and 1.0 are none."""
    code = _INT.decode(envelope.code)
    keys = (("id", _INT.decode(envelope.id)),)
    if code == 0:
        return Answer(keys=keys, body=bytes(envelope.data))
    return Answer(keys=keys, body=bytes(envelope.data), refusal=refusal(code, _text(envelope.message)))


def _text(raw: msgspec.Raw) -> str:
    """The venue's words, whatever type it gives them."""
    try:
        return _TEXT.decode(raw) if bytes(raw) not in (b"", b"null") else ""
    except msgspec.MsgspecError:
        return bytes(raw).decode(errors="replace")
