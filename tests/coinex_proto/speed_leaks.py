"""`python -m tests.coinex_proto.speed_leaks COUNT`: so many messages through the compiled twins, good and bad; nothing may stay.

Counts blocks of memory and references of what all messages share; prints what it has done, and fails for a difference.
"""

import gzip
import sys

from coinex_proto._wire.inflate import inflate
from coinex_proto.books.ladder import Ladder, checksum, take_push, unread
from coinex_proto.coinex import DepthLevels, DepthUpdate, TickerUpdate, _pushes
from coinex_proto.errors import PayloadError
from coinex_proto.speedups import speed
from coinex_proto.updates import stamp_all
from coinex_relay.chains import TOLD_APART, take_updates
from coinex_relay.flows import MEMORY, Phase
from coinex_relay.messages import ToPublish
from coinex_relay.reading import take_usual
from tests.coinex_proto.test_speed_twins import PLAIN, frame
from tests.coinex_relay.test_chains import BOOK, CHANGE, QUOTED, TIMELESS, Odd, Unreadable, came, subjects
from tests.coinex_relay.test_reading import ONE, live, said

MEMBERS = [gzip.compress(payload) for payload in PLAIN.values()]
BAD = [
    member
    for payload in (*PLAIN.values(), b"[]", b'{"method":"nobody.update","data":{}}')
    for member in (gzip.compress(payload[:-9]), gzip.compress(payload.replace(b"1.50", b"NaN")))
]
DATA = b"".join(frame(0x82, member) for member in MEMBERS + BAD) + frame(0x81, b"\xff")
BIDS, ASKS = unread(DepthLevels, "bids"), unread(DepthLevels, "asks")
SHARED = (None, True, TickerUpdate, MEMBERS[0], stamp_all)


def round_trip(is_read: bool) -> int:
    """All messages once; how many."""
    assert speed is not None
    messages: list[bytes] = []
    speed.cut_messages(DATA, 0, 10**6, messages.append)
    for message in messages:
        payload = inflate(message, 10**6)
        updates = speed.decode(_pushes.QUICK_MODELS, payload)
        if updates is not None:
            stamp_all(tuple(updates), payload, 1.0)
            for update in updates:
                if isinstance(update, DepthUpdate):
                    into_a_book(update.depth)
            if is_read:
                repr(updates)
    relayed()
    published()
    found: list[object] = []
    taken = speed.read(MEMBERS + BAD, 0, _pushes.QUICK_MODELS, 10**6, -1, 1.0, found, None)
    assert taken == len(MEMBERS) == len(found)
    try:
        inflate(MEMBERS[0][:-1], 10**6)
    except PayloadError:
        return len(messages) + int(taken) + 1
    raise AssertionError("a member that is cut short was taken")


def into_a_book(depth: DepthLevels) -> None:
    """Its levels as they lie in the payload, then read, then what is refused."""
    sides = Ladder(is_highest_best=True), Ladder()
    bids, asks = BIDS(depth), ASKS(depth)
    for bid_levels, ask_levels in (bids, asks), (depth.bids, depth.asks), ((("1", "x"),), ()):
        try:
            take_push(*sides, bid_levels, ask_levels, False)
            checksum(*sides)
            [side.levels() for side in sides]
        except PayloadError:
            continue


def relayed() -> None:
    """A relay's messages at its consumer: the links of a chain, and what is none."""
    flow = live()
    payloads: list[bytes] = []
    for number in range(3):
        link = said(Nats_Msg_Id=f"c{number + 2}.c{number + 1}", Nats_Sequence=str(12 + number))
        assert take_usual(link, 0, {1: flow}, payloads, Phase.LIVE, MEMORY) == len(link)
        assert take_usual(ONE, 0, {1: flow}, payloads, Phase.LIVE, MEMORY) == 0
    assert len(payloads) == 3


def published() -> None:
    """A relay's updates: all that the extension makes messages of, equal bytes, and what cannot be read."""
    mine, messages = subjects(), list[ToPublish]()
    kinds = (CHANGE, BOOK, QUOTED, TIMELESS, Odd())
    events = [came(kind, b"payload %d" % number, number) for number in range(TOLD_APART + 2) for kind in kinds]
    events += [came(QUOTED, bytes(bytearray(b"equal"))) for _ in range(3)]
    assert take_updates([*events, came(Odd(key=None), b"odd")], mine, 0, len(events) + 1, messages) == len(events)
    for odd in (Odd(key=None), Odd(time=0.0), Odd(key=[])):
        try:
            take_updates([came(odd, b"odd")], mine, 0, 1, messages)
        except (Unreadable, TypeError):
            continue
        raise AssertionError("what cannot be read was read")


def measured() -> tuple[int, ...]:
    return (sys.getallocatedblocks(), *map(sys.getrefcount, SHARED))


def main(wanted: int) -> None:
    done = sum(round_trip(number % 4 == 0) for number in range(1000))
    before = measured()
    while done < wanted:
        done += round_trip(done % 4 == 0)
    grown = [after - first for first, after in zip(before, measured(), strict=True)]
    print(f"{done} messages; blocks and references more than before: {grown}")
    assert all(abs(one) < 100 for one in grown)


if __name__ == "__main__":
    main(int(sys.argv[1]))
