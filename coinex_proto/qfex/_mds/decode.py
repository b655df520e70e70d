"""An MDS message in, updates and acknowledgements out; never raises.

A push is flat, with its class named by `type`: that is looked up first, then the text is decoded straight into the class.
Source: QFEX documentation, MDS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from coinex_proto.dialect import Answer, Inbound
from coinex_proto.errors import PayloadError, quoted
from coinex_proto.events import Unrecognised
from coinex_proto.ids import OLDEST, ReplyKey
from coinex_proto.qfex import _errors
from coinex_proto.qfex._finite import check_finite, check_finite_levels
from coinex_proto.qfex._mds.updates import (
    ALL,
    BboUpdate,
    CandleUpdate,
    FundingUpdate,
    Level2Update,
    MarketStatsUpdate,
    MarkPriceUpdate,
    MinMaxPriceUpdate,
    OpenInterestUpdate,
    RefdataUpdate,
    TradeUpdate,
    UnderlierUpdate,
)
from coinex_proto.qfex._mending import mended
from coinex_proto.qfex._trade.replies import UNREADABLE, plain
from coinex_proto.updates import Update

_PUSHES: Final[Mapping[str, type[Update]]] = {
    "level2": Level2Update,
    "bbo": BboUpdate,
    "trade": TradeUpdate,
    "candle": CandleUpdate,
    "underlier": UnderlierUpdate,
    "mark_price": MarkPriceUpdate,
    "funding": FundingUpdate,
    "open_interest": OpenInterestUpdate,
    "minmax_price": MinMaxPriceUpdate,
    "market_stats": MarketStatsUpdate,
    "refdata": RefdataUpdate,
}
"""One row a channel: what its pushes are read as."""

ACKNOWLEDGED: Final = {"subscribed": "subscribe", "unsubscribed": "unsubscribe"}
"""The word of an acknowledgement, and the request it answers."""

# strict=False: counters are sent quoted at times.
_DECODERS: Final = {name: msgspec.json.Decoder(model, strict=False) for name, model in _PUSHES.items()}
_BY_PREFIX: Final[Mapping[bytes, msgspec.json.Decoder[Update]]] = {
    name.encode(): decoder for name, decoder in _DECODERS.items()
}
_FIRST: Final = b'{"type":"'
"""How a push begins where `type` is its first member: then the name can be cut out."""


def decode(payload: bytes) -> Sequence[Inbound]:
    """All that one message holds."""
    try:
        if payload.startswith(_FIRST):
            decoder = _BY_PREFIX.get(payload[len(_FIRST) : payload.find(b'"', len(_FIRST))])
            if decoder is not None:
                return (_checked(decoder.decode(payload)),)
        return _by_type(payload)
    except UNREADABLE as problem:
        return _second_reading(payload, problem)


def _second_reading(payload: bytes, problem: Exception) -> Sequence[Inbound]:
    try:
        better = mended(payload)
        return (_unreadable(payload, problem),) if better is None else _by_type(better)
    except UNREADABLE:
        return (_unreadable(payload, problem),)


def of_request(message: Mapping[str, Any]) -> tuple[ReplyKey, ...]:
    """The keys of a request: it has no id, so all of it is the key, and then each channel and symbol of it."""
    kind = str(message.get("type"))
    channels, symbols, intervals = (_set(message.get(name)) for name in ("channels", "symbols", "intervals"))
    sig_figs = _set(message.get("sig_figs")) - {"0"}  # 0 is what the venue takes where nothing is said
    parts = tuple((kind, channel, symbol, intervals, sig_figs) for channel in channels for symbol in symbols)
    return ((kind, channels, symbols, intervals, sig_figs), *parts)


class _Envelope(msgspec.Struct, gc=False):
    type: str = ""
    err: msgspec.Raw = msgspec.Raw(b"")
    contents: msgspec.Raw = msgspec.Raw(b"")


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_MANY: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _by_type(payload: bytes) -> Sequence[Inbound]:
    """The long way: `type` is not the first member, or it is no push. Raises what decoding raises."""
    if payload.lstrip()[:1] == b"[":
        # Never documented here, but the venue's own client is prepared for it.
        return tuple(found for each in _MANY.decode(payload) for found in _one_of_many(bytes(each)))
    envelope = _ENVELOPE.decode(payload)
    if bytes(envelope.err) or envelope.type.lower() in _errors.OLD_TYPES:
        return (_errors.answer(plain(payload), of_request),)
    decoder = _DECODERS.get(envelope.type)
    if decoder is not None:
        return (_checked(decoder.decode(payload)),)
    return _RARE.get(envelope.type, _unknown)(payload)


def _one_of_many(payload: bytes) -> Sequence[Inbound]:
    if payload.lstrip()[:1] == b"[":
        return (Unrecognised(raw=payload, why="a list in a list"),)
    return decode(payload)


def _checked(update: Update) -> Update:
    """The same, with finite numbers only. Raises `PayloadError`."""
    check_finite(update)
    if type(update) is BboUpdate:
        check_finite_levels(update.bid, update.ask)
    elif type(update) is MarketStatsUpdate:
        for part in (update.mark_prices, update.open_interests, update.daily_volumes):
            for entry in part:
                check_finite(entry)
        for bbo in update.bbos:
            check_finite_levels(bbo.bid, bbo.ask)
    return update


def _acknowledged(payload: bytes) -> Sequence[Inbound]:
    """Every field but `type` may be missing: without channels or symbols it answers whoever waits longest."""
    message = plain(payload)
    asked = {**message, "type": ACKNOWLEDGED[message["type"]]}
    bare = {name: value for name, value in asked.items() if name not in ("intervals", "sig_figs")}
    keys: tuple[ReplyKey, ...] = tuple(dict.fromkeys((*of_request(asked), *of_request(bare))))
    is_named = _set(message.get("channels")) and _set(message.get("symbols"))
    # How many come for a request of several symbols is not documented.
    return (Answer(keys=keys if is_named else (*keys, OLDEST), body=payload, may_be_stray=True),)


def _old_funding(payload: bytes) -> Sequence[Inbound]:
    """The name and the field of an older description."""
    message = plain(payload)
    message.setdefault("funding_rate", message.get("rate"))
    return (_checked(msgspec.convert(message, FundingUpdate, strict=False)),)


def _unknown(payload: bytes) -> Sequence[Inbound]:
    return (Unrecognised(raw=payload, why="a message of an unknown type"),)


_RARE: Final[Mapping[str, Callable[[bytes], Sequence[Inbound]]]] = {
    "subscribed": _acknowledged,
    "unsubscribed": _acknowledged,
    "funding_rate": _old_funding,
}


def _set(value: object) -> frozenset[str]:
    return frozenset(map(_named, value)) if isinstance(value, (list, tuple)) else frozenset()


def _named(value: object) -> str:
    """Integers of an echo may have become floats."""
    return format(value, ".0f") if isinstance(value, Decimal) and value in (0, 1, 2) else str(value)


def _unreadable(payload: bytes, problem: Exception) -> Unrecognised:
    """With the topic that it was about, as far as can be seen."""
    why = f"unreadable message: {quoted(problem)}"
    try:
        message = plain(payload)
        kind, symbol = message.get("type"), message.get("symbol")
    except (PayloadError, AttributeError):
        return Unrecognised(raw=payload, why=why)
    if not isinstance(kind, str) or kind not in _PUSHES:
        return Unrecognised(raw=payload, why=why)
    market = symbol if isinstance(symbol, str) and symbol != ALL else None
    return Unrecognised(raw=payload, why=f"{kind}: {quoted(problem)}", concerns=_key(kind, market, message))


def _key(kind: str, market: str | None, message: Mapping[str, Any]) -> tuple[Any, ...]:
    """The topic key, with what else belongs to it."""
    if kind == "level2":
        sig_figs = message.get("sig_figs", 0)
        return (kind, market, sig_figs if type(sig_figs) is int else 0)
    if kind == "candle":
        resolution = message.get("resolution")
        return (kind, market, resolution if isinstance(resolution, str) else None)
    return (kind, market)
