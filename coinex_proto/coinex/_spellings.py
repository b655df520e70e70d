"""Plain JSON values of the shape that is expected. Source: the deviations that other clients recorded."""

from __future__ import annotations

from typing import Any, TypeAlias

from coinex_proto.errors import PayloadError

Json: TypeAlias = dict[str, Any]


def object_of(value: Any) -> Json:
    """The same. Raises `PayloadError` for anything but an object."""
    if not isinstance(value, dict):
        raise PayloadError(f"expected an object, got {type(value).__name__}")
    return value


def list_of(value: Any) -> list[Any]:
    """The same. Raises `PayloadError` for anything but a list."""
    if not isinstance(value, list):
        raise PayloadError(f"expected a list, got {type(value).__name__}")
    return value
