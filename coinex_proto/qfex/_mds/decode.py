"""An MDS message in, updates and acknowledgements out; never raises.

A push is flat, with its channel named by `type`: that is looked up first, then the text is decoded straight into the class.
Source: QFEX documentation, MDS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from coinex_proto.decoding import UNREADABLE, decode_again, decode_plain, json_decoder
from coinex_proto.dialect import Answer, Inbound, Mended
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.events import Unrecognised
from coinex_proto.fitting import fitted
from coinex_proto.ids import OLDEST, ReplyKey, TopicKey
from coinex_proto.qfex._errors import OLD_TYPES, error_answer
from coinex_proto.qfex._mds.subscription import keys_of, names_in
from coinex_proto.qfex._mds.updates import FundingUpdate, MarketUpdate
from coinex_proto.qfex.topics import MARKET_FEEDS

ACKNOWLEDGED: Final = {"subscribed": "subscribe", "unsubscribed": "unsubscribe"}
"""The word of an acknowledgement, and the request it answers."""

_MODELS: Final = {model.channel: model for model in MARKET_FEEDS.values()}
# strict=False: counters are sent quoted at times.
_DECODERS: Final = {name: json_decoder(model, strict=False) for name, model in _MODELS.items()}
_BY_PREFIX: Final[Mapping[bytes, Callable[[bytes], MarketUpdate]]] = {
    name.encode(): read for name, read in _DECODERS.items()
}
_FIRST: Final = b'{"type":"'
"""How a push begins where `type` is its first member: then the name can be cut out."""
_AGAIN: Final = b'"type":'
"""Of a member that is sent twice the last counts."""


def decode(payload: bytes) -> Sequence[Inbound]:
    """All that one message holds."""
    try:
        if payload.startswith(_FIRST) and payload.find(_AGAIN, len(_FIRST)) < 0:
            read = _BY_PREFIX.get(payload[len(_FIRST) : payload.find(b'"', len(_FIRST))])
            if read is not None:
                return (read(payload),)
        return _by_type(payload)
    except UNREADABLE as problem:
        return _second_reading(payload, problem)


def _second_reading(payload: bytes, problem: Exception) -> Sequence[Inbound]:
    """Of a push, with the members left out that it can do without."""
    message: Any = None
    try:
        message = decode_again(payload)
        model = _MODELS.get(message.get("type"))
        if model is None:
            return (_unreadable(payload, problem, message),)
        update, left_out = fitted(model, message)
    except (*UNREADABLE, AttributeError, TypeError) as another:
        return (_unreadable(payload, another if isinstance(another, PayloadError) else problem, message),)
    troubles = [
        Unrecognised(raw=payload, why=f"{model.channel}: unreadable - at `{path}`", concerns=key)
        for path in left_out
        if (key := _entry_key(model, message, path)) is not None
    ]
    return Mended((update, *troubles), left_out=len(left_out) - len(troubles))


_ENTRY: Final = re.compile(r"\$\.(\w+)\[(\d+)\]")


def _entry_key(model: type[MarketUpdate], message: Mapping[str, Any], path: str) -> TopicKey | None:
    """The topic of an entry that was left out of a list about many symbols."""
    match = _ENTRY.fullmatch(path)
    if match is None:
        return None
    entry = message[match[1]][int(match[2])]
    return model.key_of(entry if isinstance(entry, dict) else {})


class _Envelope(msgspec.Struct, gc=False):
    type: str = ""
    err: msgspec.Raw = msgspec.Raw(b"")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
MAX_MANY: Final = 100
"""Messages in one list; each costs as much as one that comes alone."""
_MANY: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _by_type(payload: bytes) -> Sequence[Inbound]:
    """The long way: `type` is not the first member, or it is no push. Raises what decoding raises."""
    if payload.lstrip()[:1] == b"[":
        # Never documented here, but the venue's own client is prepared for it.
        many = _MANY.decode(payload)
        if not many:
            raise PayloadError("an empty list")
        if len(many) > MAX_MANY:
            raise PayloadError(f"a list of {len(many)} messages; the limit is {MAX_MANY}")
        return tuple(found for each in many for found in _one_of_many(bytes(each)))
    envelope = _ENVELOPE.decode(payload)
    if bytes(envelope.err) or envelope.type.lower() in OLD_TYPES:
        return (error_answer(decode_plain(payload), keys_of),)
    read = _DECODERS.get(envelope.type)
    if read is not None:
        return (read(payload),)
    return _RARE.get(envelope.type, _unknown)(payload)


def _one_of_many(payload: bytes) -> Sequence[Inbound]:
    if payload.lstrip()[:1] == b"[":
        return (Unrecognised(raw=payload, why="a list in a list"),)
    return decode(payload)


def _acknowledged(payload: bytes) -> Sequence[Inbound]:
    """Every field but `type` may be missing: without channels or symbols it answers whoever waits longest."""
    message = decode_plain(payload)
    request = {**message, "type": ACKNOWLEDGED[message["type"]]}
    bare = {name: value for name, value in request.items() if name not in ("intervals", "sig_figs")}
    keys: tuple[ReplyKey, ...] = tuple(dict.fromkeys((*keys_of(request), *keys_of(bare))))
    is_named = names_in(message.get("channels")) and names_in(message.get("symbols"))
    # How many come for a request of several symbols is not documented.
    return (Answer(keys=keys if is_named else (*keys, OLDEST), body=payload, may_be_stray=True),)


def _old_funding(payload: bytes) -> Sequence[Inbound]:
    """The name and the field of an older description."""
    message = decode_plain(payload)
    message.setdefault("funding_rate", message.get("rate"))
    update, left_out = fitted(FundingUpdate, message)
    return Mended((update,), left_out=len(left_out))


def _unknown(payload: bytes) -> Sequence[Inbound]:
    return (Unrecognised(raw=payload, why="a message of an unknown type"),)


_RARE: Final[Mapping[str, Callable[[bytes], Sequence[Inbound]]]] = {
    "subscribed": _acknowledged,
    "unsubscribed": _acknowledged,
    "funding_rate": _old_funding,
}


def _unreadable(payload: bytes, problem: Exception, message: Any) -> Unrecognised:
    """With the topic that it was about, as far as can be seen. `message`: as it was read, None where it was not."""
    why = f"unreadable message: {quoted(problem)}"
    try:
        if message is None:
            message = decode_plain(payload)
        channel = message.get("type")
    except (*UNREADABLE, AttributeError):
        return Unrecognised(raw=payload, why=why)
    model = _MODELS.get(channel) if isinstance(channel, str) else None
    if model is None:
        return Unrecognised(raw=payload, why=why)
    return Unrecognised(raw=payload, why=f"{channel}: {quoted(problem)}", concerns=model.key_of(message))
