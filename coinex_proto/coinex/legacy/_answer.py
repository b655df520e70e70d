"""Answers of the v1 sockets: `{"error": null or {code, message}, "result": …, "id": …}`, and what their codes mean.

Source: CoinEx API v1.
"""

from __future__ import annotations

from typing import Final

import msgspec
from attrs import evolve

from coinex_proto.coinex._refusals import UNDOCUMENTED
from coinex_proto.commands import Refusal
from coinex_proto.dialect import Answer
from coinex_proto.ids import ReplyKey

_TABLE: Final = {
    1: Refusal(code=None, hint="a parameter is wrong"),
    2: Refusal(code=None, retryable=True, hint="an error inside the exchange"),
    3: Refusal(code=None, retryable=True, hint="the exchange is not available now"),
    4: Refusal(code=None, hint="this socket does not know the method"),
    5: Refusal(code=None, retryable=True, is_unknown=True, hint="the exchange took too long"),
    6: Refusal(code=None, ends_login=True, hint="the connection is not signed in"),
}


class _Error(msgspec.Struct, gc=False):
    code: int
    message: str = ""


_ERROR: Final = msgspec.json.Decoder(_Error | None)


def legacy_answer(key: ReplyKey, error: bytes, result: bytes) -> Answer:
    """The answer to the request with this key; a member that was not sent is empty. Raises what decoding raises."""
    refused = _ERROR.decode(error) if error else None
    if refused is None:
        return Answer(keys=(key,), body=result)
    return Answer(keys=(key,), refusal=legacy_refusal(refused.code, refused.message))


def legacy_refusal(code: int, message: str) -> Refusal:
    """The meaning of an answer's error."""
    return evolve(_TABLE.get(code, UNDOCUMENTED), code=code, message=message)
