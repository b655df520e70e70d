"""What goes wrong on purpose: a small language, and the fault plan that says when each fault is due.

One fault a line, `#` begins a comment.  First when, then what:

    at 5s drop rst                     so long after the start, once
    every 30s stall 2                  again and again
    after 100 messages drop mid-frame  when the server has sent so many WebSocket messages, once
    on depth.update 3 lose             the third push (or request) of this method from now
    on server.ping every 2 ignore      every second one
    on connect http 503                the next opening handshake
    1% of depth.update wrong-checksum  by chance, from the seed of the server (`messages` = pushes of any kind)

Any time: drop [rst|fin] [mid-frame], silence, stall SECONDS, slow BYTES_PER_SECOND SECONDS, delay SECONDS [FOR_SECONDS], skew SECONDS,
sign-out, life SECONDS (a connection is cut so long after it began), one-sign-in on|off (each sign-in ends the connections
that have signed in before), halt MARKET|all, resume MARKET|all, pings on|off, maintenance START END (seconds from now).
On a request: refuse CODE, ignore, lose-answer (carried out, not answered), late SECONDS.
On a push: lose, duplicate, corrupt, wrong-checksum, delta-first (a difference before a whole book).
On connect: http STATUS [RETRY_AFTER], hang.
An HTTP request is named by its path without /v2 (`on /spot/order lose-answer`) and takes what requests take, and http.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from random import Random
from typing import Final

from attrs import frozen

ANYTIME: Final = {
    # action: how many arguments, at least and at most
    "drop": (0, 2),
    "silence": (0, 0),
    "stall": (1, 1),
    "slow": (2, 2),
    "delay": (1, 2),
    "skew": (1, 1),
    "sign-out": (0, 0),
    "life": (1, 1),
    "one-sign-in": (1, 1),
    "halt": (1, 1),
    "resume": (1, 1),
    "pings": (1, 1),
    "maintenance": (2, 2),
}
ON_REQUEST: Final = {"refuse": (1, 1), "ignore": (0, 0), "lose-answer": (0, 0), "late": (1, 1)}
ON_PUSH: Final = {
    "lose": (0, 0),
    "duplicate": (0, 0),
    "corrupt": (0, 0),
    "wrong-checksum": (0, 0),
    "delta-first": (0, 0),
}
ON_CONNECT: Final = {"http": (1, 2), "hang": (0, 0)}
ACTIONS: Final = {**ANYTIME, **ON_REQUEST, **ON_PUSH, **ON_CONNECT}
WORDS: Final[dict[str, frozenset[str]]] = {
    "drop": frozenset(("rst", "fin", "mid-frame")),
    "pings": frozenset(("on", "off")),
    "one-sign-in": frozenset(("on", "off")),
}
"""Actions whose arguments are words; all others but halt and resume take numbers."""
SHORTEST: Final = 0.001
"""Seconds between two times of a fault that comes again and again; a shorter one would leave time for nothing else."""
LONGEST_LINE: Final = 200

_TIMED: Final = re.compile(r"(at|every) (\d+(?:\.\d+)?)s? +(.+)", re.ASCII)
_COUNTED: Final = re.compile(r"(after|every) (\d+) messages? +(.+)", re.ASCII)
_NAMED: Final = re.compile(r"on (\S+)(?: (every))?(?: (\d+))? +(.+)", re.ASCII)
_CHANCE: Final = re.compile(r"(\d+(?:\.\d+)?)% of (\S+) +(.+)", re.ASCII)


class FaultScriptError(ValueError):
    """A line that is no fault; says which and why."""


@frozen(kw_only=True)
class Fault:
    """One thing that goes wrong, and when."""

    action: str
    arguments: tuple[str, ...] = ()
    seconds: float = 0.0
    """Above zero: due so long after the start of the plan."""
    messages: int = 0
    """Above zero: due when so many messages have been sent."""
    subject: str = ""
    """A method, connect or messages: due when that happens ..."""
    nth: int = 1
    """... for the nth time, ..."""
    chance: float = 1.0
    """... with this probability."""
    repeats: bool = False

    def number(self, index: int, default: float = 0.0) -> float:
        """An argument as a number."""
        return float(self.arguments[index]) if index < len(self.arguments) else default


def parse_faults(script: str) -> tuple[Fault, ...]:
    """The faults of a script.  Raises FaultScriptError."""
    faults = []
    for number, line in enumerate(script.splitlines(), 1):
        text = " ".join(line.partition("#")[0].split())
        if text:
            try:
                faults.append(parse_fault(text))
            except FaultScriptError as error:
                raise FaultScriptError(f"line {number}: {error}") from None
    return tuple(faults)


def parse_fault(text: str) -> Fault:
    """The fault that one line describes.  Raises FaultScriptError."""
    if len(text) > LONGEST_LINE:
        raise FaultScriptError(f"{text[:40]!r}... is longer than {LONGEST_LINE} characters")
    if match := _COUNTED.fullmatch(text):
        return _fault(match[3], messages=int(match[2]), repeats=match[1] == "every")
    if match := _TIMED.fullmatch(text):
        return _fault(match[3], seconds=max(float(match[2]), 1e-9), repeats=match[1] == "every")
    if match := _NAMED.fullmatch(text):
        return _fault(match[4], subject=match[1], nth=max(1, int(match[3] or 1)), repeats=match[2] == "every")
    if match := _CHANCE.fullmatch(text):
        return _fault(match[3], subject=match[2], chance=float(match[1]) / 100, repeats=True)
    raise FaultScriptError(
        f"{text!r} says not when: begin with `at 5s`, `every 30s`, `after 100 messages`, `on METHOD` or `1% of METHOD`"
    )


def _fault(
    action: str,
    *,
    seconds: float = 0.0,
    messages: int = 0,
    subject: str = "",
    nth: int = 1,
    chance: float = 1.0,
    repeats: bool = False,
) -> Fault:
    name, *arguments = action.split()
    if name not in ACTIONS:
        raise FaultScriptError(f"unknown fault {name!r}; there are {', '.join(ACTIONS)}")
    fewest, most = ACTIONS[name]
    if not fewest <= len(arguments) <= most:
        raise FaultScriptError(f"{name} takes {fewest} to {most} arguments")
    if name in WORDS and not WORDS[name].issuperset(arguments):
        raise FaultScriptError(f"{name} takes {', '.join(sorted(WORDS[name]))}")
    if name not in WORDS and name not in ("halt", "resume") and not all(map(_is_number, arguments)):
        raise FaultScriptError(f"{name} takes numbers")
    if name not in ANYTIME and not subject:
        raise FaultScriptError(f"{name} needs `on METHOD`")
    if name == "http" and not 200 <= float(arguments[0]) <= 599:
        raise FaultScriptError("http takes a status from 200 to 599")
    if name == "slow" and float(arguments[0]) <= 0:
        raise FaultScriptError("slow takes more than 0 bytes a second")
    if repeats and 0 < seconds < SHORTEST:
        raise FaultScriptError(f"every takes {SHORTEST} s at least")
    return Fault(
        action=name,
        arguments=tuple(arguments),
        seconds=seconds,
        messages=messages,
        subject=subject,
        nth=nth,
        chance=chance,
        repeats=repeats,
    )


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", text, re.ASCII) is not None


class FaultPlan:
    """Which faults are due."""

    def __init__(self, faults: Sequence[Fault], *, now: float, seed: int | str) -> None:
        self._random = Random(f"{seed}:faults")
        self._timed: list[tuple[float, Fault]] = []
        self.next_at: float = math.inf
        """When the next timed fault is due; infinity for none."""
        self._counted: list[tuple[int, Fault]] = []
        self._named: dict[str, list[tuple[int, Fault]]] = {}
        self._seen: dict[str, int] = {}
        self._sent = 0
        self.watches_messages: bool = False
        """Whether pushes and requests can be due for a fault at all."""
        for fault in faults:
            self.add(fault, now)

    def add(self, fault: Fault, now: float) -> None:
        """Add one more, counted from now."""
        if fault.seconds:
            self._timed.append((now + fault.seconds, fault))
            self._timed.sort(key=lambda entry: entry[0])
            self.next_at = self._timed[0][0]
        elif fault.messages:
            self._counted.append((self._sent + fault.messages, fault))
            self.watches_messages = True
        else:
            self.watches_messages = True
            self._named.setdefault(fault.subject, []).append((self._seen.get(fault.subject, 0) + fault.nth, fault))

    def due(self, now: float) -> tuple[Fault, ...]:
        """Timed faults that are due; a repeated one is put in again."""
        found = []
        while self._timed and self._timed[0][0] <= now:
            at, fault = self._timed.pop(0)
            found.append(fault)
            if fault.repeats:
                self.add(fault, at)
        self.next_at = self._timed[0][0] if self._timed else math.inf
        return tuple(found)

    def sent(self) -> tuple[Fault, ...]:
        """One more message goes out: the faults that wait for it."""
        self._sent += 1
        found = tuple(fault for at, fault in self._counted if at <= self._sent)
        self._counted = [entry for entry in self._counted if entry[0] > self._sent]
        for fault in found:
            if fault.repeats:
                self._counted.append((self._sent + fault.messages, fault))
        return found

    def happened(self, subject: str) -> tuple[Fault, ...]:
        """This method was requested or pushed, or a handshake came: the faults that wait for it."""
        waiting = self._named.get(subject)
        if not waiting:
            return ()
        count = self._seen[subject] = self._seen.get(subject, 0) + 1
        found = [fault for at, fault in waiting if at <= count and self._strikes(fault)]
        kept = [(at, fault) for at, fault in waiting if at > count]
        again = [(count + fault.nth, fault) for at, fault in waiting if at <= count and fault.repeats]
        self._named[subject] = kept + again
        return tuple(found)

    def _strikes(self, fault: Fault) -> bool:
        return fault.chance >= 1.0 or self._random.random() < fault.chance
