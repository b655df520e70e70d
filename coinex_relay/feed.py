"""One consumer's side of a relay without I/O: messages of NATS go in, payloads and trust for a session come out, in order.

It keeps each subject's chain (`flows.py`) and which relays live (`peers.py`), and says what to do on NATS as actions. A topic is handed
on only while a living relay vouches for it; at the first doubt the session hears `Interrupted`, before any later payload. Books
are proved by the session, as on a connection of its own. Must not know NATS, nor any venue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, final

from attrs import evolve

from coinex_relay.actions import Action, FetchRoster, Follow, Leave, Prove, Replay, Wanted
from coinex_relay.flows import MOST_HELD, Flow, Past, Phase, Verdict
from coinex_relay.messages import LOST, LOST_AFTER, OLD_AFTER, Beat, Roster, Stored, encode, printable
from coinex_relay.peers import Peer, Peers
from coinex_relay.probe import Probe
from coinex_relay.shared import Share, Shared

_LIVE: Final = Phase.LIVE
_NEXT: Final = Verdict.NEXT
EXPLAINED_AFTER: Final = 2.0
"""Seconds after which a topic that nothing comes of has a reason: twice what it takes where a relay carries it."""
CONTROL: Final = b"\x00"
"""Begins what the feed itself says to its session; no venue's payload does."""


@final
class Memory:
    """What a consumer knows across its connections to NATS: where each subject stood, and of which stream."""

    def __init__(self) -> None:
        self.pasts: dict[str, Past] = {}
        self.stream: Hashable = None

    def of_stream(self, stream: Hashable) -> None:
        """The stream that is there now; what was known of another one is forgotten."""
        if stream != self.stream:
            self.pasts.clear()
            self.stream = stream


@final
class Feed:
    """One line between a session and NATS."""

    def __init__(self, memory: Memory) -> None:
        self.peers: Peers = Peers()
        self.flows: dict[str, Flow] = {}
        self.ended: str = ""
        """Why the line is of no more use."""
        self.dropped: int = 0
        """Messages that were known, or of a relay that is not followed."""
        self._memory = memory
        self.payloads: list[bytes] = []
        """For the session, in order; whoever hands them on takes them out."""
        self.actions: deque[Action] = deque()
        """What has to be done on NATS, in order."""
        self._shared = Shared()
        self.ahead: dict[str, tuple[float, str]] = {}
        """Since when another relay has brought what the followed one has not, and which; of live flows.

        While there is any, every live message has to come to `receive`; else what `Flow.goes_on` takes may go to `payloads` as it is.
        """
        self._asked = 0
        self._explain_at = math.inf
        self._probe = Probe()
        self._fetching: dict[str, float] = {}
        self._outdated: set[str] = set()
        """Relays that have said more of a topic since they were asked what they carry."""

    # Outputs ----------------------------------------------------------------------------------------------------------

    def take_actions(self) -> list[Action]:
        """What has to be done on NATS now, in order."""
        actions = list(self.actions)
        self.actions.clear()
        return actions

    def next_deadline(self) -> float:
        """When `handle_timeout` must be called."""
        ahead = next(iter(self.ahead.values()), (math.inf, ""))
        return min(self.peers.next_deadline(), self._probe.next_deadline(), ahead[0] + LOST_AFTER, self._explain_at)

    # What the session asks --------------------------------------------------------------------------------------------

    def join(self, request: int, wanted: Sequence[Wanted], now: float) -> None:
        """The session wants these topics; it has its answer at once, and what comes proves them."""
        self._answer(request)
        self._explain_at = now + EXPLAINED_AFTER
        for one in wanted:
            # A copy: the line before this one may still be closing.
            past = self._memory.pasts[one.tail] = evolve(self._memory.pasts.get(one.tail) or Past())
            self.flows[one.tail] = Flow(one.tail, one.key, one.needs_whole, one.is_state, past)
            self.actions.append(Follow(one.tail))

    def leave(self, request: int, tails: Sequence[str]) -> None:
        """The session wants these no more."""
        self._answer(request)
        for tail in tails:
            self.ahead.pop(tail, None)
            flow = self.flows.pop(tail, None)
            if flow is not None:
                flow.phase = Phase.WAITING  # nothing goes on with it, whoever else knows it
                self._memory.pasts.pop(tail, None)
                self.actions.append(Leave(tail))

    def prove(self, request: int) -> None:
        """The session asks whether the line still stands."""
        self.actions.append(Prove(request))

    def proved(self, number: int, now: float) -> None:
        """The server has answered, behind everything that it had sent before."""
        if number < 0:
            self._probe.answered(-number, now)
        else:
            self._answer(number)

    def _answer(self, request: int) -> None:
        self._say({"ok": request})

    # What NATS brings -------------------------------------------------------------------------------------------------

    def followed(self, tail: str, now: float) -> None:
        """What is published from now on will come; what came before is read from the stream."""
        flow = self.flows.get(tail)
        if flow is not None and flow.phase is Phase.WAITING:
            self._start(flow)

    def receive(self, tail: str, message: Stored, now: float) -> None:
        """One live message."""
        flow = self.flows.get(tail)
        if flow is None:
            return
        if message.trust:
            self._told(flow, message)
            return
        phase = flow.phase
        if phase is _LIVE:
            verdict = flow.judge(message)
            if verdict is _NEXT:
                self._hand_on(flow, message)
                if flow.others:
                    for one in flow.caught_up():
                        self._hand_on_late(flow, one)
            elif verdict is Verdict.HOLE:
                self._interrupt([flow], "messages of the relay are missing")
            else:
                self.dropped += 1
                if verdict is Verdict.ASIDE:
                    self.ahead.setdefault(tail, (now, message.relay))
        elif phase is Phase.REPLAYING:
            if len(flow.held) < MOST_HELD:
                flow.held.append(message)
            else:
                self._interrupt([flow], "more came than could be kept while stored messages were read")
        elif (
            phase is Phase.SEEKING and (message.is_whole or not flow.needs_whole) and self._vouches(message.relay, tail)
        ):
            flow.begin()
            self._hand_on(flow, message)

    def _hand_on(self, flow: Flow, message: Stored) -> None:
        """The next one that came."""
        share = self._shared.came(flow, message, self._with_data()) if message.shared else Share.ALL
        self._took(flow, message)
        if share is Share.OWN:
            self._put_alone(flow, message)
        elif share is Share.ALL:
            self._put(message)

    def _with_data(self) -> Iterable[Flow]:
        """What a relay's payload may concern, and what its own relay would take back when it dies."""
        return (flow for flow in self.flows.values() if flow.phase is not Phase.WAITING or self.peers.have(flow.tail))

    def _hand_on_late(self, flow: Flow, message: Stored) -> None:
        """One that was stored or kept: of other topics that it is of as well, newer ones may have been handed on."""
        self._shared.came_late(flow, message)
        self._took(flow, message)
        if message.shared:
            self._put_alone(flow, message)
        else:
            self._put(message)

    def _took(self, flow: Flow, message: Stored) -> None:
        source = flow.past.source
        flow.took(message)
        if message.relay != source and not self._vouches(message.relay, flow.tail):
            flow.past.source = source  # what it brought fits, but its death would go unnoticed
        if self.ahead:
            self.ahead.pop(flow.tail, None)

    def _put(self, message: Stored) -> None:
        if message.payload[:1] != CONTROL:
            self.payloads.append(message.payload)

    def _put_alone(self, flow: Flow, message: Stored) -> None:
        self.payloads.append(CONTROL + encode({"only": flow.key}) + b"\n" + message.payload)

    def replayed(self, tail: str, number: int, stored: Sequence[Stored], now: float) -> None:
        """The stored messages that `Replay` asked for, up to now."""
        flow = self.flows.get(tail)
        if flow is None or flow.asked != number or flow.phase is not Phase.REPLAYING:
            return
        carriers = self.peers.carriers(tail)
        held, flow.held = flow.held, []
        if not carriers:
            flow.phase = Phase.WAITING
            return
        newest = stored[-1].sequence if stored else 0
        links = flow.chain(stored, frozenset(peer.relay for peer in carriers))
        if not links:
            flow.phase = Phase.SEEKING
            flow.past.sequence = max(newest, flow.past.sequence if not flow.needs_whole else 0)
            for message in held:
                self.receive(tail, message, now)
            return
        flow.begin()
        for message in links:
            self._hand_on_late(flow, message)
        flow.past.sequence = max(newest, flow.past.sequence)
        if not any(peer.relay == flow.past.source for peer in carriers):
            flow.past.source = carriers[0].relay
        for message in held:
            self.receive(tail, message, now)

    def beat(self, beat: Beat, sequence: int, now: float) -> None:
        """One heartbeat of a relay."""
        known = self.peers.known.get(beat.relay)
        if known is not None and sequence < known.sequence:
            self.end("the stream was made anew")
            return
        peer = self.peers.beat(beat, sequence, now)
        if peer is None:
            return
        if beat.bye:
            if peer.is_alive:
                self._died(peer, f"relay {peer.relay} ended: {beat.bye}")
            return
        if peer.version != peer.announced and now - self._fetching.get(peer.relay, -math.inf) > LOST_AFTER:
            self._fetch(peer.relay, now)
        if not self._probe.is_late and self.peers.comes_alive(peer, now):
            self._came_alive()

    def _fetch(self, relay: str, now: float) -> None:
        self._fetching[relay] = now
        self._outdated.discard(relay)
        self.actions.append(FetchRoster(relay))

    def roster(self, relay: str, roster: Roster | None, now: float) -> None:
        """What a relay carries; None: that could not be read, and is asked for again."""
        self._fetching.pop(relay, None)
        if relay in self._outdated:  # its own word is younger
            self._fetch(relay, now)
            return
        if roster is None or roster.relay != relay:
            return
        peer = self.peers.roster(roster)
        if peer is None:
            return
        if not self._probe.is_late:
            self.peers.comes_alive(peer, now)
        if peer.is_alive:
            for flow in self.flows.values():
                if flow.past.source == relay and flow.phase is not Phase.WAITING:
                    why = peer.lost.get(flow.tail) if flow.tail in peer.subjects else "the relay carries it no more"
                    if why is not None:
                        self._doubted(flow, f"relay {relay}: {why}")
            self._came_alive()

    def end(self, why: str) -> None:
        """The connection to NATS is of no more use."""
        self.ended = self.ended or why

    # Trust ------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> None:
        """Time has passed."""
        if self._probe.has_failed(now):
            for peer in self.peers.known.values():
                self.peers.died(peer)
            live = [flow for flow in self.flows.values() if flow.phase is not Phase.WAITING]
            self._interrupt(live, f"what the server sends comes more than {OLD_AFTER:g} s late")
        if (number := self._probe.next(now)) is not None:
            self.actions.append(Prove(-number))
        for peer in self.peers.overdue(now):
            self._died(peer, f"no heartbeat of relay {peer.relay} for {LOST_AFTER:g} s")
        if now >= self._explain_at:
            self._explain_at = math.inf
            self._explain()
        behind = [(tail, relay) for tail, (since, relay) in self.ahead.items() if now - since >= LOST_AFTER]
        for tail, relay in behind:
            del self.ahead[tail]
            flow = self.flows.get(tail)
            if flow is None or flow.phase is not Phase.LIVE or not self._vouches(relay, tail):
                continue
            if not self._moves(flow, [relay]):
                self._interrupt([flow], f"relay {relay} is ahead of relay {flow.past.source} by {LOST_AFTER:g} s")

    def _explain(self) -> None:
        """Why nothing comes, of what no relay brings: it may be for ever."""
        for flow in self.flows.values():
            if flow.phase is Phase.WAITING:
                self._say({"lost": [flow.key], "why": printable(self.peers.why_not(flow.tail))})
            elif flow.phase is Phase.SEEKING:
                self._say({"lost": [flow.key], "why": "the next whole state has not come yet"})

    def _told(self, flow: Flow, message: Stored) -> None:
        """A relay's own word about a topic; it has a place among the topic's messages."""
        if message.last_sequence <= flow.past.sequence < message.sequence:
            flow.past.sequence = message.sequence
        peer = self.peers.known.get(message.relay)
        if peer is None:
            return
        if peer.relay in self._fetching:
            self._outdated.add(peer.relay)
        if message.trust == LOST:
            why = message.payload.decode("utf-8", "replace")[:500]
            peer.lost[flow.tail] = why
            flow.others.pop(message.relay, None)
            if flow.past.source == message.relay and flow.phase is not Phase.WAITING:
                self._doubted(flow, f"relay {message.relay}: {why}")
        else:
            peer.lost.pop(flow.tail, None)
            if not flow.needs_whole:  # what it brought while it trusted the topic itself no more
                flow.others.pop(message.relay, None)
            if flow.phase is Phase.WAITING:
                self._start(flow)

    def _died(self, peer: Peer, why: str) -> None:
        self.peers.died(peer)
        for flow in self.flows.values():
            flow.others.pop(peer.relay, None)
        doubted = [
            flow
            for flow in self.flows.values()
            if flow.past.source == peer.relay
            and flow.phase is not Phase.WAITING
            and not self._moves(flow, self._carriers(flow))
        ]
        self._interrupt(doubted, why)

    def _doubted(self, flow: Flow, why: str) -> None:
        """The relay that is followed does not vouch for it any more: another one goes on, or it is lost."""
        if not self._moves(flow, self._carriers(flow)):
            self._interrupt([flow], why)

    def _moves(self, flow: Flow, relays: Sequence[str]) -> bool:
        """Whether one of these relays goes on with it, without a hole."""
        if flow.phase is not Phase.LIVE:
            return False
        choices = [(flow.aside(relay), relay) for relay in relays]
        whole = [(len(aside), relay, aside) for aside, relay in choices if aside is not None]
        if not whole:
            return False
        _, relay, aside = min(whole, key=lambda choice: choice[:2])
        flow.past.source = relay
        for message in aside:
            self._hand_on_late(flow, message)
        return True

    def _interrupt(self, flows: Sequence[Flow], why: str) -> None:
        """They are lost, and begin anew where a relay carries them."""
        if not flows:
            return
        self._say({"lost": [flow.key for flow in flows], "why": printable(why)})
        for flow in flows:
            self.ahead.pop(flow.tail, None)
            flow.phase = Phase.WAITING
            flow.held = []
            self._start(flow)

    def _came_alive(self) -> None:
        for flow in self.flows.values():
            if flow.phase is Phase.WAITING:
                self._start(flow)

    def _start(self, flow: Flow) -> None:
        """Stored messages first, if a relay vouches for what follows them."""
        if not self.peers.carriers(flow.tail):
            return
        flow.phase = Phase.REPLAYING
        self._asked += 1
        flow.asked = self._asked
        after = 0 if flow.needs_whole else flow.past.sequence
        self.actions.append(Replay(flow.tail, flow.asked, after, flow.needs_whole))

    def _carriers(self, flow: Flow) -> list[str]:
        return [peer.relay for peer in self.peers.carriers(flow.tail)]

    def _vouches(self, relay: str, tail: str) -> bool:
        peer = self.peers.known.get(relay)
        return peer is not None and peer.carries(tail)

    def _say(self, said: dict[str, object]) -> None:
        self.payloads.append(CONTROL + encode(said))
