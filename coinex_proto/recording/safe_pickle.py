"""Values of the SDK to bytes and back: what a recording holds beside the peer's bytes.

Written are topics, commands, events, and at checkpoints a whole session. Secrets never are: of credentials only the class, of
an address neither query nor headers, of a command no text that its repr hides. What reads them makes classes of the SDK
and a few of the standard library, and calls nothing else, so that a file from a stranger cannot run code. Pickles of another
version of the SDK may not fit its classes: whoever reads compares versions first.
"""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Hashable, Mapping
from types import MethodType
from typing import Any, Final, TypeAlias

import attrs

from coinex_proto._wire.websocket import WebSocket
from coinex_proto.books.view import BookView
from coinex_proto.commands import Command, Outgoing
from coinex_proto.config import Endpoint, Sources
from coinex_proto.errors import UsageError, quoted
from coinex_proto.orders.view import OrderView

HARMLESS: Final = frozenset(
    {
        ("builtins", "float"),
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("builtins", "bytearray"),
        ("collections", "Counter"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "deque"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("fractions", "Fraction"),
        ("types", "MappingProxyType"),
    }
)
"""Classes of the standard library that values of the SDK consist of."""

_FUNCTIONS: Final = frozenset(
    {
        ("coinex_proto.books.view", "_fixed"),
        ("coinex_proto.rows", "_restored"),
        ("coinex_proto.updates", "_restored"),
    }
)
"""What rebuilds values and is no class."""

HIDDEN: Final = "*"
"""In place of a text that a repr hides."""

StandIns: TypeAlias = Mapping[Hashable, object]
"""What a reader puts in place of what is not written, by the name under which it stands."""


class _Pickler(pickle.Pickler):
    """Names what is not written: `known` by identity, credentials by their class."""

    def __init__(
        self, file: Any, known: Mapping[int, Hashable], order_number: Callable[[OrderView], int | None]
    ) -> None:
        super().__init__(file, 5)
        self._known = known
        self._order_number = order_number

    def persistent_id(self, value: Any) -> Hashable | None:
        name = self._known.get(id(value))
        if name is not None:
            return name
        kind = type(value)
        if hasattr(kind, "stand_in"):
            return ("credentials", kind.__module__, kind.__qualname__)
        if kind is OrderView and (number := self._order_number(value)) is not None:
            return ("order", number)
        return None

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, Endpoint):
            return _endpoint, (
                value.host,
                value.port,
                value.tls,
                value.target.partition("?")[0],
                value.carries_credentials,
            )
        if isinstance(value, Command | Outgoing):
            shown = {f.name: _shown(f, getattr(value, f.name)) for f in attrs.fields(type(value))}
            return _value, (type(value), shown)
        if isinstance(value, WebSocket):
            return _websocket, value.position()
        if isinstance(value, BookView | OrderView):  # live, where a copy would be a snapshot
            slots = {name: getattr(value, name) for name in type(value).__slots__}
            return _new, (type(value),), (None, slots)
        if isinstance(value, MethodType):
            return _method, (value.__self__, value.__name__)
        if isinstance(value, Sources):
            raise pickle.PicklingError("sources are not written")
        return NotImplemented


def _shown(attribute: attrs.Attribute[Any], value: object) -> object:
    if attribute.repr is not False:
        return value
    return HIDDEN if isinstance(value, str) else HIDDEN.encode() if isinstance(value, bytes) else value


def _new(kind: type[Any]) -> object:
    return object.__new__(kind)


def _value(kind: type[Any], values: dict[str, object]) -> object:
    made: object = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _endpoint(host: str, port: int, tls: bool, target: str, carries_credentials: bool) -> Endpoint:
    return Endpoint(host=host, port=port, tls=tls, target=target, carries_credentials=carries_credentials)


def _websocket(*position: Any) -> WebSocket:
    return WebSocket.resumed(*position)


def _method(owner: object, name: str) -> object:
    found = getattr(owner, name) if type(owner).__module__.startswith("coinex_proto.") else None
    if name.startswith("__") or not isinstance(found, MethodType):
        raise pickle.UnpicklingError(f"a method was expected, not {quoted(name)}")
    return found


_OWN: Final = {
    ("coinex_proto.recording.safe_pickle", made.__name__): made
    for made in (_endpoint, _method, _new, _value, _websocket)
}


class _Unpickler(pickle.Unpickler):
    """Makes nothing but values of the SDK, and of the packages that the caller has named."""

    def __init__(self, file: Any, stand_ins: StandIns, packages: frozenset[str]) -> None:
        super().__init__(file)
        self._stand_ins = stand_ins
        self._packages = packages

    def find_class(self, module: str, name: str) -> Any:
        own = _OWN.get((module, name))
        if own is not None:
            return own
        top = module.partition(".")[0]
        is_harmless = (module, name) in HARMLESS or (module, name) in _FUNCTIONS
        if not is_harmless and (top not in self._packages or module.startswith("coinex_proto.simulator")):
            raise pickle.UnpicklingError(
                f"it holds a {quoted(module + '.' + name)}, which is not of the SDK; name the package that it is of (packages=…)"
            )
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        if not is_harmless and not isinstance(found, type):
            raise pickle.UnpicklingError(f"it holds {quoted(module + '.' + name)}, which is no class")
        return found

    def persistent_load(self, name: Any) -> object:
        if isinstance(name, tuple) and len(name) == 3 and name[0] == "credentials":
            kind = self.find_class(str(name[1]), str(name[2]))
            if not hasattr(kind, "stand_in"):
                raise pickle.UnpicklingError("credentials were expected")
            return kind.stand_in()
        if isinstance(name, tuple) and len(name) == 2 and name[0] == "order":
            find = self._stand_ins.get("order")
            return find(name[1]) if callable(find) else None
        try:
            return self._stand_ins[name]
        except KeyError:
            if isinstance(name, tuple) and name[:1] == ("holder",):
                return name
            raise pickle.UnpicklingError(f"it refers to {quoted(name)}, which is not known here") from None


class _Sink:
    """As much of a file as a pickler needs."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)


class _Source:
    """As much of a file as an unpickler needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        end = len(self._data) if size < 0 else self._at + size
        found = self._data[self._at : end]
        self._at += len(found)
        return found

    def readline(self) -> bytes:
        end = self._data.find(b"\n", self._at) + 1
        return self.read((end or len(self._data)) - self._at)


def _no_number(_: OrderView) -> None:
    return None


def dumps(
    value: object,
    known: Mapping[int, Hashable] | None = None,
    order_number: Callable[[OrderView], int | None] = _no_number,
) -> bytes:
    """The value as bytes, without secrets. `known`: names of what is not written, by `id()`; `order_number`: of live orders."""
    sink = _Sink()
    _Pickler(sink, known or {}, order_number).dump(value)
    return b"".join(sink.pieces)


def loads(data: bytes, stand_ins: StandIns | None = None, packages: frozenset[str] = frozenset()) -> Any:
    """The value again. Raises `UsageError` for what is none, or holds classes of packages that were not named."""
    try:
        return _Unpickler(_Source(data), stand_ins or {}, packages | {"coinex_proto"}).load()
    except Exception as error:
        raise UsageError(f"a value of the recording cannot be read: {quoted(error)}") from error
