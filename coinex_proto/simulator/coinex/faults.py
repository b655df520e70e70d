"""How a fault spoils a message of CoinEx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from coinex_proto.simulator.coinex.wire import Push, json_of, packed
from coinex_proto.simulator.hosting.faults import Fault
from coinex_proto.simulator.hosting.websocket_server import binary_frame

_FRAME: Final = binary_frame(packed(json_of({"method": "state.update", "data": {"state_list": []}, "id": None})))
HALF_FRAME: Final = _FRAME[: len(_FRAME) // 2]
"""What is left of a push when the connection breaks in the middle of it."""


def spoilt(push: Push, fault: Fault, frames: list[bytes]) -> list[bytes]:
    """The frames of a push that go out instead."""
    match fault.action:
        case "corrupt":
            return [binary_frame(_corrupt(packed(push.payload)))]
        case "wrong-checksum":
            return [_rewritten(push, _with_wrong_checksum)]
        case "delta-first":
            return [_rewritten(push, _as_difference), *frames]
        case _:
            return frames


def _corrupt(packet: bytes) -> bytes:
    """The same with its checksum broken: the text inflates and is not to be believed."""
    return packet[:-8] + bytes(byte ^ 0xFF for byte in packet[-8:-4]) + packet[-4:]


def _rewritten(push: Push, change: Callable[[dict[str, Any]], None]) -> bytes:
    message = msgspec.json.decode(push.payload)
    change(message["data"])
    return binary_frame(packed(json_of(message)))


def _with_wrong_checksum(data: dict[str, Any]) -> None:
    if "depth" in data:
        data["depth"]["checksum"] ^= 1


def _as_difference(data: dict[str, Any]) -> None:
    if "is_full" in data:
        data["is_full"] = False
