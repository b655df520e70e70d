"""A whole session as bytes, and again a session of them: a replay may begin there. This module must not know any venue."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping

from coinex_proto._wire.inflate import inflate
from coinex_proto.connection import plain_pushes
from coinex_proto.recording.safe_pickle import dumps, loads
from coinex_proto.session import Session


def whole(session: Session, names: Collection[str], holders: Mapping[Hashable, tuple[str, int]]) -> bytes:
    """The session as it is now, without secrets: its attributes of these names. `holders` are streams, by the names they have."""
    known: dict[int, Hashable] = {
        id(session): "session",
        id(session.dialect): "dialect",
        id(session.config): "config",
        id(session._sources): "sources",
        id(session._sources.wall_time_ns): "wall_time_ns",
        id(session._timeline._wall_time_ns): "wall_time_ns",
        id(session._sources.random_bytes): "random_bytes",
        **{id(holder): name for holder, name in holders.items()},
    }
    state = {name: getattr(session, name) for name in names if name not in ("inflate", "read_clock")}
    connection = session._connection
    if connection is not None:
        known[id(connection.inflate)] = "inflate"
        known[id(connection._plain)] = "plain"
        if connection.on_inflated is not None:
            known[id(connection.on_inflated)] = "on_inflated"
    return dumps(state, known)


def resume(made: Session, checkpoint: bytes, packages: frozenset[str]) -> None:
    """Makes a new session what the recorded one was; `packages`, besides the SDK's, may have classes in it."""
    stand_ins: dict[Hashable, object] = {
        "session": made,
        "dialect": made.dialect,
        "config": made.config,
        "sources": made._sources,
        "wall_time_ns": made._sources.wall_time_ns,
        "random_bytes": made._sources.random_bytes,
        "inflate": inflate,
        "plain": plain_pushes(made.dialect),
        "on_inflated": None,
    }
    state = loads(checkpoint, stand_ins, packages)
    vars(made).update(state)
