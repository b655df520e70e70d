"""Law 8: no secret shows in a repr, event, error or pickle of anything that hangs on a connection or session.

The walk goes from the object over everything it refers to, as a debugger or a crash reporter would. The password is
searched for in four spellings; the signature, which only the login frame may hold, in what people get to see.
"""

from __future__ import annotations

import base64
import gc
import pickle
import traceback
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given

from coinex_proto import Config, Connection, Session, UsageError
from tests.coinex_proto.harness.scripts import Player, Say, Script, Sleep, Want, scripts, text
from tests.coinex_proto.harness.tiny import Own, Place, Time, Tiny, login
from tests.coinex_proto.harness.wire import sources

SECRET = "S3CRET-7f1c9e"
SPELLINGS = (
    SECRET,
    SECRET.encode().hex(),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    repr(SECRET.encode())[2:-1],
)
SIGNATURES = tuple(
    login("n", seconds, SECRET)["sig"] for seconds in range(1_700_000_000 - 300, 1_700_000_000 + 301, 60)
)
VENUE = Tiny(password=SECRET, clock=Time())
CONFIG = Config(retry_first=True)

Make: TypeAlias = Callable[[], Connection | Session]
both = pytest.mark.parametrize(
    "make",
    [lambda: Connection(VENUE, sources(), CONFIG), lambda: Session(VENUE, sources(), CONFIG)],
    ids=["connection", "session"],
)


def reachable(root: object) -> Iterator[object]:
    """Everything the object refers to, apart from code."""
    seen, todo = {id(root)}, [root]
    while todo:
        here = todo.pop()
        yield here
        for each in gc.get_referents(here):
            if id(each) not in seen and not isinstance(each, (type, ModuleType, FunctionType)):
                seen.add(id(each))
                todo.append(each)


def shows(words: str, secrets: tuple[str, ...] = SPELLINGS) -> bool:
    return any(spelling in words for spelling in secrets)


def pickled(value: object) -> str:
    """What a pickle holds, as text; empty when it cannot be pickled."""
    try:
        return pickle.dumps(value, protocol=0).decode("latin-1")
    except (AttributeError, TypeError, pickle.PicklingError, RecursionError):
        return ""


def check(client: Connection | Session) -> None:
    for value in reachable(client):
        assert not isinstance(value, (str, bytes)) or not shows(repr(value))
        if type(value).__module__.startswith(("coinex_proto", "tests.")):
            assert not shows(repr(value), SPELLINGS + SIGNATURES)
            assert not shows(pickled(value))
            if attrs.has(type(value)):
                assert not shows(repr(attrs.asdict(value)))  # type: ignore[arg-type]


def check_events(player: Player) -> None:
    for event in player.events:
        assert not shows(repr(event) + pickled(event), SPELLINGS + SIGNATURES)
        error = getattr(event, "error", None)
        if isinstance(error, Exception):
            lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
            assert not shows("".join(lines) + repr(vars(error)), SPELLINGS + SIGNATURES)
    logins = [said for said in player.said if '"login"' in said]
    assert not any(shows(said, SPELLINGS + SIGNATURES) for said in player.said if said not in logins)
    assert not any(shows(said) for said in logins)


OPENINGS: tuple[Script, ...] = (
    (),
    (Say(text({"hello": "n"})),),
    (Say(text({"hello": "n"})), Sleep(60.0)),
    (Say(text({"hello": "n"}) + text({"error": "badkey", "message": "what is your secret?"})),),
    (Say(text({"hello": "n"}) + text({"error": "clock"})),),
    (Say(text({"hello": "n"}) + text({"ok": "login"})),),
    (Want((Own(),)), Say(text({"hello": "n"}) + text({"ok": "login"}) + text({"ok": "greet"}))),
    (Say(text({"hello": "n"}) + text({"hello": "m"}) + b"\x88\x00"),),
    (Say(text({"hello": SECRET[:3]}) + b"\xff"),),
)


@both
@pytest.mark.parametrize("script", OPENINGS, ids=range(len(OPENINGS)))
def test_x1_x2_at_no_step_of_the_opening_does_a_secret_show(make: Make, script: Script) -> None:
    player = Player(make(), between=lambda it: check(it.client))
    player.play(script)
    check(player.client)
    player.finish()
    check(player.client)
    check_events(player)


@both
@given(script=scripts)
def test_x10_whatever_a_peer_says_it_learns_no_more_than_one_login(make: Make, script: Script) -> None:
    player = Player(make()).play(script).finish()
    check_events(player)
    if isinstance(player.client, Connection):
        assert sum('"login"' in said for said in player.said) <= 2


@both
def test_x3_a_refused_call_shows_no_secret_in_its_locals(make: Make) -> None:
    player = Player(make())
    player.begin()
    player.feed(text({"hello": "n"}))
    with pytest.raises(UsageError) as caught:
        player.client.send(Place(name="x"), player.now)
    frames = list(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert not shows("".join(frames))


def test_the_walk_finds_a_secret_that_is_there() -> None:
    client: Any = Connection(VENUE, sources(), CONFIG)
    client.careless = {"key": [SECRET]}
    with pytest.raises(AssertionError):
        check(client)
