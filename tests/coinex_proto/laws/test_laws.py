"""The laws of the core (docs/design.md), over random conversations with the tiny venue: connection and session alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coinex_proto import Config, Connection, Event, Session, UsageError
from tests.coinex_proto.harness.scripts import Player, Say, Script, Want, cut_at, cuts, outcomes, scripts, whole
from tests.coinex_proto.harness.tiny import Do, Ladder, Own, Place, Price, Time, Tiny
from tests.coinex_proto.harness.wire import sources

Make: TypeAlias = Callable[[], Connection | Session]

CONFIG = Config(retry_first=True, silent_after=15.0, requests_per_second=2.0, max_request_bytes=60, max_unreadable=2)
VENUE = Tiny(password="pw", clock=Time())
MAKERS: tuple[Make, ...] = (lambda: Connection(VENUE, sources(), CONFIG), lambda: Session(VENUE, sources(), CONFIG))

MANY = max(100, settings().max_examples)
"""Conversations are short and states many: more of them than of other cases."""

both = pytest.mark.parametrize("make", MAKERS, ids=["connection", "session"])


@both
@settings(max_examples=MANY)
@given(script=scripts, sizes=cuts)
@example(  # a topic that begins before its optional acknowledgement, and something else in the same read
    script=(
        Want((Price("A"), Own())),
        Say(b'\x81\x0e{"hello": "n"}\x81\x0f{"ok": "login"}\x81\x0f{"ok": "greet"}'),
        Say(b'\x81\x1d{"price": "0", "market": "A"}\x81\x0e{"hello": "n"}'),
    ),
    sizes=(1,),
)
def test_however_bytes_are_cut_the_events_are_the_same(make: Make, script: Script, sizes: tuple[int, ...]) -> None:
    plain = Player(make(), whole).play(script)
    assert Player(make(), cut_at(sizes)).play(script).seen == plain.seen


@both
@settings(max_examples=MANY)
@given(script=scripts, sizes=cuts)
def test_however_often_outputs_are_drained_they_are_the_same(
    make: Make, script: Script, sizes: tuple[int, ...]
) -> None:
    seldom = Player(make(), cut_at(sizes)).play(script)
    often = Player(make(), cut_at(sizes), is_draining=True).play(script)
    assert (often.seen, often.said) == (seldom.seen, seldom.said)


@both
@settings(max_examples=MANY)
@given(script=scripts, junk=st.binary(max_size=60), sizes=cuts)
def test_no_bytes_make_a_method_raise(make: Make, script: Script, junk: bytes, sizes: tuple[int, ...]) -> None:
    player = Player(make(), cut_at(sizes)).play(script)
    player.feed(junk)
    player.wait(player.now + 100.0)
    player.drain()
    player.finish()


@given(junk=st.binary(max_size=200), head=st.sampled_from([b"", b"HTTP/1.1 101 x\r\n", b"HTTP/1.1 403 no\r\n\r\n"]))
def test_no_answer_to_the_upgrade_makes_a_method_raise(junk: bytes, head: bytes) -> None:
    connection = Connection(VENUE, sources(), CONFIG)
    connection.start(0.0)
    connection.data_to_send()
    connection.receive_data(head + junk, 1.0)
    connection.handle_timeout(60.0)
    connection.handle_timeout(60.5)
    connection.receive_eof(61.0)
    assert connection.wants_close


@both
@settings(max_examples=MANY)
@given(script=scripts)
def test_a_call_before_the_deadline_changes_nothing(make: Make, script: Script) -> None:
    def early(player: Player) -> None:
        due = player.client.next_deadline()
        # Two neighbouring floats have no third one between them.
        if due is not None and (middle := (player.now + due) / 2) < due:
            player.client.handle_timeout(middle)
            assert player.client.next_deadline() == due
            assert player.client.next_event() is None
            assert player.client.data_to_send() == b""

    assert Player(make(), between=early).play(script).seen == Player(make()).play(script).seen


@both
@settings(max_examples=MANY)
@given(script=scripts)
def test_every_request_ends_exactly_once(make: Make, script: Script) -> None:
    player = Player(make()).play(script).finish()
    assert sorted(outcomes(player.events)) == sorted(player.sent)
    assert len(set(player.sent)) == len(player.sent)


@both
@settings(max_examples=MANY)
@given(script=scripts)
def test_the_same_inputs_bring_the_same_outputs(make: Make, script: Script) -> None:
    first, second = Player(make()).play(script), Player(make()).play(script)
    assert (first.seen, first.said) == (second.seen, second.said)


@both
@settings(max_examples=MANY)
@given(script=scripts)
def test_a_refused_call_changes_nothing(make: Make, script: Script) -> None:
    def refused(player: Player) -> None:
        client, now = player.client, player.now
        before = client.next_deadline()
        if isinstance(client, Session):
            bad = (Ladder("A", step=7), Ladder("A", step=8))
            with pytest.raises(UsageError):
                client.subscribe(*bad, now=now)
            with pytest.raises(UsageError):
                client.book(Ladder("C"))
            with pytest.raises(UsageError):
                client.connected(now)
        else:
            with pytest.raises(UsageError):
                client.start(now)
            with pytest.raises(UsageError):
                client.close(now, code=1001)
        if client.phase.value != "ready":
            with pytest.raises(UsageError):
                client.send(Do(verb="never"), now)
            with pytest.raises(UsageError):
                client.send(Place(name="never"), now)
        assert client.next_deadline() == before

    disturbed = Player(make(), between=refused).play(script)
    plain = Player(make()).play(script)
    assert (disturbed.seen, disturbed.said) == (plain.seen, plain.said)


@settings(max_examples=MANY)
@given(script=scripts)
def test_nothing_comes_after_closed(script: Script) -> None:
    events: list[Event] = Player(Connection(VENUE, sources(), CONFIG)).play(script).finish().events
    names = [type(event).__name__ for event in events]
    assert names.count("Closed") == 1
    assert names[-1] == "Closed"
