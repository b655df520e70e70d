"""What a recording proves: for how long each topic was live, how much came, and what is missing.

A check plays the whole recording, compares what the replay counted with what the live session had counted, and follows the
state of every topic. It never says more than was proved: what lies in a gap counts for nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from html import escape
from typing import Final, final

from attrs import define, field

from coinex_proto import BookChanged, Event, Lost, TopicKey, TopicStatus, Unrecognised, Update
from coinex_proto.notebook import BAD, GOOD
from coinex_proto.recording import Difference, RecordingGap, Replay
from coinex_proto.recording.tap import topic_text
from coinex_proto.topics import wide
from coinex_recorder.reading import replay

LOOKS_EVERY: Final = 1.0
"""Seconds of the recording between two looks at topics, beside those after every event that is no update."""


@define
class Proved:
    """What is proved of one topic."""

    topic: str
    live_seconds: float = 0.0
    """Verified: see `Session.trusted`."""
    wanted_seconds: float = 0.0
    """Since somebody asked for it."""
    messages: int = 0
    """Updates that came."""
    losses: int = 0
    """How often it was lost."""
    live_since: float | None = field(default=None, repr=False)
    seen_at: float | None = field(default=None, repr=False)

    @property
    def is_complete(self) -> bool:
        """It was never lost after it was live."""
        return self.losses == 0


@final
@define
class Report:
    """What `check` found."""

    name: str
    """Of the dialect."""
    began_at: float
    """Unix seconds of the first input, by the recorded client's clock."""
    ended_at: float
    data_at: float = field(default=0.0, repr=False)
    """When the last update came."""
    is_ended: bool = False
    """The recorder ended in good order, and not by a kill."""
    topics: dict[TopicKey, Proved] = field(factory=dict)
    events: Counter[str] = field(factory=Counter)
    """By class."""
    gaps: list[RecordingGap] = field(factory=list)
    """What the recording itself lacks."""
    slow_consumers: int = 0
    """Streams that ended with `ConsumerTooSlow`: the recording has what they missed."""
    unreadable: int = 0
    is_cut: bool = False
    """It ends within a frame, as after a kill or while it is still written."""
    cut_bytes: int = 0
    """Of a torn tail, inflated: they tell nothing."""
    damaged_bytes: int = 0
    differences: list[Difference] = field(factory=list)
    """Where the replay counted otherwise than the live session had."""

    @property
    def is_whole(self) -> bool:
        """Every input is there, and gives what it gave live."""
        return not self.gaps and not self.damaged_bytes and not self.differences

    def text(self) -> str:
        """For people: a line a topic."""
        minutes = (self.ended_at - self.began_at) / 60
        lines = [f"{self.name}: {minutes:.1f} minutes, {sum(one.messages for one in self.topics.values()):,} updates"]
        width = max((len(one.topic) for one in self.topics.values()), default=0)
        for one in self.topics.values():
            lost = f", lost {one.losses} times" if one.losses else ""
            lines.append(
                f"  {one.topic:<{width}}  proved {one.live_seconds / 60:.1f} of {one.wanted_seconds / 60:.1f} minutes, "
                f"{one.messages:,} messages{lost}"
            )
        lines += [f"  not recorded: {_span(gap)}: {gap.why}" for gap in self.gaps]
        if self.is_cut and not self.cut_bytes:
            lines.append(
                "  the file ends within a frame, as after a kill or while it is written: a torn tail was cut off"
            )
        elif self.is_cut:
            lines.append(
                f"  the file ends within a frame, as after a kill: a torn tail of {self.cut_bytes:,} bytes was cut off"
            )
        elif not self.is_ended:
            lines.append("  the recorder did not end it: it was killed, still writes, or went on in another file")
        if self.damaged_bytes:
            lines.append(f"  damaged: {self.damaged_bytes:,} bytes")
        if self.unreadable:
            lines.append(f"  {self.unreadable} messages could not be read")
        if self.slow_consumers:
            lines.append(f"  {self.slow_consumers} consumers were too slow; what they missed is here")
        lines += [f"  the replay counts otherwise at {one.at:.3f}: {_changed(one)}" for one in self.differences[:5]]
        until = "" if self.is_ended else " until then"
        lines.append(f"  every input{until} is there, and gives what it gave live" if self.is_whole else "  NOT WHOLE")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """For notebooks: a row a topic, with a bar of what is proved of the time that it was wanted."""
        rows = "".join(_row(one) for one in self.topics.values())
        notes = [line.strip() for line in self.text().splitlines()[1 + len(self.topics) :]]
        colour = GOOD if self.is_whole else BAD
        said = "<br>".join(escape(note) for note in notes)
        return (
            f"<div><b>{escape(self.name)}</b>, {(self.ended_at - self.began_at) / 60:.1f} minutes"
            f"<table><tr><th>topic</th><th>proved</th><th></th><th>messages</th><th>lost</th></tr>{rows}</table>"
            f'<span style="color:{colour}">{said}</span></div>'
        )


def _row(one: Proved) -> str:
    share = min(1.0, one.live_seconds / one.wanted_seconds) if one.wanted_seconds else 0.0
    bar = f'<div style="background:{GOOD};height:0.8em;width:{share * 10:.1f}em"></div>'
    return (
        f"<tr><td>{escape(one.topic)}</td><td>{share:.1%}</td><td>{bar}</td>"
        f"<td>{one.messages:,}</td><td>{one.losses}</td></tr>"
    )


def _span(gap: RecordingGap) -> str:
    since = "the beginning" if gap.since is None else f"{gap.since:.3f}"
    return f"from {since} to {'the end' if gap.until is None else f'{gap.until:.3f}'}"


def _changed(one: Difference) -> str:
    return ", ".join(
        f"{name} {one.live[name]} live, {one.replayed[name]} here"
        for name in one.live
        if one.live[name] != one.replayed[name]
    )


def check(path: str | os.PathLike[str], *, any_version: bool = False) -> Report:
    """What this file or directory proves. Raises `UsageError` for what is no recording."""
    return check_replay(replay(path, any_version=any_version))


def check_replay(played: Replay) -> Report:
    """The same of a replay that has not begun."""
    report: Report | None = None
    looked_at = 0.0
    for step in played.steps():
        if report is None:
            assert played.header is not None
            report = Report(name=played.header.name, began_at=step.now, ended_at=step.now)
        news = _count(step.events, report, is_stopped=played.has_session and played.session.is_stopped)
        if news or step.now - looked_at >= LOOKS_EVERY:
            _look(played.session.topics() if played.has_session else (), step.now, report)
            looked_at = step.now
        if any(isinstance(event, Update | BookChanged) for event in step.events):
            report.data_at = step.now
        report.ended_at = max(report.ended_at, step.now)
        report.slow_consumers += sum(told.what == "ConsumerTooSlow" for told in played.told)
        played.told.clear()
    if report is None:
        assert played.header is not None
        report = Report(name=played.header.name, began_at=played.header.began_at, ended_at=played.header.began_at)
    _look((), report.ended_at, report)
    report.is_ended = played.is_ended
    report.is_cut = any(one.is_tail for one in played.damages)
    report.cut_bytes = sum(one.size for one in played.damages if one.is_tail)
    report.damaged_bytes = sum(one.size for one in played.damages if not one.is_tail)
    report.differences = played.differences
    return report


def _count(events: tuple[Event, ...], report: Report, *, is_stopped: bool) -> bool:
    """Whether there is something else than updates among them."""
    news = False
    for event in events:
        report.events[type(event).__name__] += 1
        if isinstance(event, BookChanged):
            continue  # its update was counted
        if isinstance(event, Update):
            key = event.topic_key
            one = report.topics.get(key) or report.topics.get(wide(key))
            if one is None:
                one = report.topics[key] = Proved(topic_text(key))
            one.messages += 1
            continue
        news = True
        if isinstance(event, RecordingGap):
            report.gaps.append(event)
            for one in report.topics.values():
                one.seen_at = one.live_since = None
        elif isinstance(event, Unrecognised):
            report.unreadable += 1
        elif isinstance(event, Lost):
            for topic in event.topics:
                one = report.topics.setdefault(topic.key, Proved(topic_text(topic.key)))
                one.losses += not is_stopped
                if one.live_since is not None:  # it was proved until then only; a look may have said more
                    until = event.since if topic.is_private and not is_stopped else report.data_at
                    one.live_seconds = max(0.0, one.live_seconds + until - one.live_since)
                    one.live_since = None
    return news


def _look(statuses: tuple[TopicStatus, ...], now: float, report: Report) -> None:
    """Adds what has passed since the last look, to those that were live then and are wanted still."""
    seen = set()
    for status in statuses:
        key = status.topic.key
        seen.add(key)
        one = report.topics.setdefault(key, Proved(topic_text(key)))
        if one.seen_at is not None:
            one.wanted_seconds += now - one.seen_at
        if one.live_since is not None:
            one.live_seconds += max(0.0, now - one.live_since)
        one.seen_at = now
        one.live_since = now if status.state == "live" else None
    for key, one in report.topics.items():
        if key not in seen:
            if one.seen_at is not None and not statuses:
                one.wanted_seconds += now - one.seen_at
                one.live_seconds += 0.0 if one.live_since is None else max(0.0, now - one.live_since)
            one.seen_at = one.live_since = None
