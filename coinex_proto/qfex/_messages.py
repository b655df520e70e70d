"""What both QFEX dialects have in common: addresses, and messages as exact JSON text.

Source: QFEX documentation, "Endpoints".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from coinex_proto._wire.endpoint import endpoint_of
from coinex_proto._wire.handshake import upgrade_request
from coinex_proto.commands import Command
from coinex_proto.config import Endpoint
from coinex_proto.errors import UsageError, quoted
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

Headers: TypeAlias = Sequence[tuple[str, str]]
Requests: TypeAlias = Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]

LARGEST_EXPONENT: Final = 40


def checked_endpoint(url: str, headers: Headers, allow_plaintext: bool) -> Endpoint:
    """Where to connect. Raises `UsageError` for an address or a header that cannot be."""
    endpoint = endpoint_of(url, allow_plaintext=allow_plaintext, headers=tuple((name, text) for name, text in headers))
    upgrade_request(
        host=endpoint.host,
        port=endpoint.port,
        tls=endpoint.tls,
        target=endpoint.target,
        headers=endpoint.headers,
    )
    return endpoint


_ENCODER: Final = msgspec.json.Encoder()


def text_of(message: Mapping[str, object]) -> bytes:
    """JSON with decimals as exact number literals. Raises `UsageError` for what JSON cannot say."""
    try:
        return _ENCODER.encode(_exact(message))
    except UsageError:
        raise
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as problem:
        raise UsageError(f"{message.get('type')}: cannot be written as JSON: {quoted(problem)}") from problem


def _exact(value: object) -> object:
    """Plain values, each `Decimal` as the digits that stand for it."""
    match value:
        case Decimal():
            if not value.is_finite() or abs(value.adjusted()) > LARGEST_EXPONENT:
                raise UsageError(f"a number that cannot be written out: {quoted(value)}")
            return msgspec.Raw(format(value, "f").encode())
        case float():
            raise UsageError(f'a float is not exact: write Decimal("{value!r}") instead')
        case Mapping():
            return {name: _exact(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_exact(entry) for entry in value]
        case _:
            return value
