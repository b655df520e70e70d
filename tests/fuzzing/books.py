"""Books in any story of whole books, differences, checksums right and wrong, cuts and new beginnings, against a plain dictionary.

An input is one push a line: what happens (`KINDS`), then bids and asks with `|` between them, levels with `,`, price and size
with `/`. A level `100*70/2` stands for 70 levels, of prices 100, 101 and so on; `120*-70/2` goes down from there.
"""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any, Final
from zlib import crc32

from attrs import frozen

from coinex_proto import BookChange, CheckedBook, PayloadError, Update, coinex
from coinex_proto.books.book import Levels
from coinex_proto.books.ladder import MAX_LEVELS, MAX_PRICE_CHARACTERS, Ladder, PureLadder, joined
from coinex_proto.coinex import DepthLevels, DepthUpdate
from coinex_proto.coinex.book import CoinexBook
from coinex_proto.updates import stamp

Pairs = list[tuple[str, str]]
WHOLE, WHOLE_WRONG, WRONG, CUT, RESET, MISSED, COPIED = b"=", b"#", b"!", b"<", b"x", b"m", b"p"
KINDS: Final = (WHOLE, WHOLE_WRONG, WRONG, CUT, RESET, MISSED, COPIED)
"""How a line begins; any other is a difference whose checksum is right. `<` is followed by the number of levels that are left."""
PLAIN: Final = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
MANY: Final = re.compile(r"([0-9]{1,9})\*(-?)([0-9]{1,3})")
MOST: Final = MAX_LEVELS + 1000
"""Levels that one input stands for: enough to go over the limit once."""
MOST_LINES: Final = 40
TWINS: Final = tuple({Ladder: 0, PureLadder: 0})
"""One kind only, in pure Python."""
DECODE: Final = coinex.spot().decode


class RefusedError(Exception):
    """The model knows no such levels."""


class Model:
    """One side as a dictionary: what it must hold, by the plainest means."""

    def __init__(self, is_bids: bool) -> None:
        self.is_bids = is_bids
        self.known: dict[Decimal, tuple[str, str]] = {}
        self.absent = 0

    def take(self, levels: Pairs, *, is_whole: bool) -> None:
        """Raises `RefusedError` for what no side may hold."""
        if is_whole:
            self.known = {}
        if len(levels) + len(self.known) > 2 * MAX_LEVELS:
            raise RefusedError
        for price, size in levels:
            if not PLAIN.fullmatch(price) or not PLAIN.fullmatch(size) or len(price) > MAX_PRICE_CHARACTERS:
                raise RefusedError
            if size.strip("0."):
                self.known[Decimal(price)] = (price, size)
            elif self.known.pop(Decimal(price), None) is None:
                self.absent += 1
        if len(self.known) > MAX_LEVELS:
            raise RefusedError

    def cut(self, depth: int) -> None:
        self.known = dict(self._sorted()[:depth])

    def _sorted(self) -> list[tuple[Decimal, tuple[str, str]]]:
        return sorted(self.known.items(), reverse=self.is_bids)

    def best_first(self) -> list[tuple[str, str]]:
        return [texts for _, texts in self._sorted()]


def pairs_of(part: bytes) -> Pairs:
    """The levels of one side as a line tells them."""
    found: Pairs = []
    for word in part.split(b",") if part else ():
        price, _, size = word.decode("latin-1").partition("/")
        if many := MANY.fullmatch(price):
            first, step, count = int(many[1]), -1 if many[2] else 1, int(many[3])
            found += [(str(abs(first + step * number)), size) for number in range(min(count, MOST - len(found)))]
        else:
            found.append((price, size))
    return found[:MOST]


def lines_of(data: bytes) -> Iterator[tuple[bytes, Pairs, Pairs]]:
    left = MOST
    for line in data.split(b"\n")[:MOST_LINES]:
        kind = line[:1] if line[:1] in KINDS else b""
        bids, _, asks = line[len(kind) :].partition(b"|")
        both = pairs_of(bids)[:left], pairs_of(asks)[:left]
        left -= sum(map(len, both))
        yield kind, *both


# One side ---------------------------------------------------------------------------------------------------------------


def outcome(work: Callable[[], object]) -> str | None:
    try:
        work()
    except PayloadError as problem:
        return str(problem)
    return None


def sides(data: bytes) -> None:
    """A side, its twin and the model hold the same after each step, and refuse the same."""
    twins: list[Any]
    for number, is_bids in enumerate((True, False)):
        model, twins = Model(is_bids), [kind(is_highest_best=is_bids) for kind in TWINS]
        for kind, *both in lines_of(data):
            if kind == CUT:
                depth = _depth(both[0])
                model.cut(depth)
                for twin in twins:
                    twin.cut(depth)
            elif kind == RESET:
                model.known = {}
                for twin in twins:
                    twin.clear()
            elif kind == COPIED:
                twins = [pickle.loads(pickle.dumps(copy.deepcopy(twin))) for twin in twins]
            else:
                levels, is_whole = both[number], kind in (WHOLE, WHOLE_WRONG)
                found = [outcome(partial(twin.replace if is_whole else twin.change, levels)) for twin in twins]
                assert len(set(found)) == 1, found
                assert len({twin.absent for twin in twins}) == 1
                _judge(model, levels, is_whole=is_whole, refused=found[0])
                if found[0]:
                    model.absent = twins[0].absent
                assert model.absent == twins[0].absent
            for twin in twins:
                _check_side(twin, model)


def _judge(model: Model, levels: Pairs, *, is_whole: bool, refused: str | None) -> None:
    try:
        model.take(levels, is_whole=is_whole)
    except RefusedError:
        assert refused, levels
        model.known = {}
    else:
        assert refused is None, (refused, levels)


def _check_side(side: Any, model: Model) -> None:
    wanted = model.best_first()
    levels = side.levels()
    assert list(levels.pairs()) == wanted, (side.texts[:5], wanted[:5])
    assert len(side) == len(levels) == len(wanted)
    assert bool(side) is bool(levels) is bool(wanted)
    assert side.best() == [f"{price}:{size}" for price, size in wanted] == side.texts[:: -1 if model.is_bids else 1]
    assert levels.joined() == ":".join(side.best())
    assert side.has_positive_prices is (not model.known or min(model.known) > 0)
    if wanted:
        assert side.levels()[0] == (Decimal(wanted[0][0]), Decimal(wanted[0][1])) == levels[0]
        assert levels[-1] == (Decimal(wanted[-1][0]), Decimal(wanted[-1][1]))


def _depth(words: Pairs) -> int:
    text = words[0][0] if words else ""
    return int(text) if re.fullmatch("[0-9]{1,5}", text) else 0


# Whole books ------------------------------------------------------------------------------------------------------------


def checksum_of(bids: Any, asks: Any) -> int:
    return crc32(joined(bids, asks))


def _checked(side: Any, depth: int | None) -> CheckedBook:
    book = CheckedBook(lambda update: update.change, checksum_of, depth=depth)  # type: ignore[attr-defined]
    book._bids, book._asks = side(is_highest_best=True), side()
    return book


@frozen(kw_only=True)
class Push(Update):
    """A push that is a change already."""

    change: BookChange


class Expected:
    """What is proved after each push, by the model."""

    def __init__(self, depth: int | None) -> None:
        self.depth = depth
        self.sides = Model(True), Model(False)
        self.is_proved = False

    def checksum(self) -> int:
        levels = [level for side in self.sides for level in side.best_first()]
        return crc32(":".join(f"{price}:{size}" for price, size in levels).encode())

    def forget(self) -> None:
        self.is_proved = False
        for side in self.sides:
            side.known = {}

    def after(self, bids: Pairs, asks: Pairs, *, is_whole: bool) -> int:
        """Takes the push in as if its checksum were right, and gives that checksum; 0 when there is nothing to sum.

        A difference is taken even where nothing is proved, so that its checksum would fit if the book forgot that.
        """
        try:
            for side, levels in zip(self.sides, (bids, asks), strict=True):
                side.take(levels, is_whole=is_whole)
                if self.depth is not None:
                    side.cut(self.depth)
        except RefusedError:
            self.forget()
            return 0
        if any(price <= 0 for side in self.sides for price in side.known):
            self.forget()
            return 0
        self.is_proved = is_whole or self.is_proved
        return self.checksum()


def whole(data: bytes) -> None:
    """Books of every make are proved exactly when the model is, and hold then what it holds."""
    depth = data[0] % 8 or None if data else None
    made: tuple[tuple[Any, Expected], ...] = (
        *((_checked(side, depth), Expected(depth)) for side in TWINS),
        (_Coinex(_as_tuples), Expected(None)),
        (_Coinex(_as_sent), Expected(None)),
    )
    for book, expected in made:
        for kind, bids, asks in lines_of(data[1:]):
            if kind == CUT:
                continue
            if kind in (RESET, MISSED):
                (book.reset if kind == RESET or not isinstance(book, CheckedBook) else book.missed)()
                expected.forget()
            else:
                is_whole = kind in (WHOLE, WHOLE_WRONG)
                checksum = expected.after(bids, asks, is_whole=is_whole)
                if kind in (WHOLE_WRONG, WRONG):
                    checksum ^= 1
                    expected.is_proved = False
                change = BookChange(bids=bids, asks=asks, checksum=checksum - 2**32, is_whole=is_whole, updated_at_ms=7)
                problem = book.apply(Push(change=change))
                assert (problem is None) is expected.is_proved, (problem, bids[:5], asks[:5])
            if expected.is_proved:
                for shown, model in zip(book.levels()[:2], expected.sides, strict=True):
                    assert list(shown.pairs()) == model.best_first()
        if isinstance(book, _Coinex):
            book.check_reads()


def _as_tuples(change: BookChange) -> DepthUpdate:
    levels = DepthLevels(
        bids=tuple(change.bids),
        asks=tuple(change.asks),
        checksum=change.checksum,
        last=None,
        updated_at=1_700_000_000_000,
    )
    return DepthUpdate(market="M", is_full=change.is_whole, depth=levels)


def _as_sent(change: BookChange) -> DepthUpdate:
    """What the decoder makes of the push; what it cannot read is no levels."""
    inner = {"asks": change.asks, "bids": change.bids, "last": "1", "updated_at": 1_700_000_000_000}
    push = {"market": "M", "is_full": change.is_whole, "depth": {**inner, "checksum": change.checksum % 2**32}}
    sent = json.dumps({"method": "depth.update", "data": push, "id": None}, separators=(",", ":"))
    found = DECODE(sent.encode())
    assert len(found) == 1
    return found[0] if isinstance(found[0], DepthUpdate) else _as_tuples(change)


class _Coinex:
    """CoinEx's book, fed by pushes in the venue's own form."""

    def __init__(self, form: Callable[[BookChange], DepthUpdate]) -> None:
        self._form = form
        self._book = CoinexBook(gets_differences=True)
        self._read: list[DepthUpdate] = []
        """All pushes since the last whole book that were proved."""

    def reset(self) -> None:
        self._read.clear()
        self._book.reset()

    def levels(self) -> Levels:
        return self._book.levels()

    def apply(self, push: Push) -> str | None:
        update = self._form(push.change)
        stamp(update, b"", 1.0)
        problem = self._book.apply(update)
        if problem is not None or update.is_full:
            self._read.clear()
        if problem is None:
            self._read.append(update)
            self._check_whole_update()
        return problem

    def check_reads(self) -> None:
        """The same pushes in one read prove the same."""
        if self._read:
            together = CoinexBook(gets_differences=True)
            assert together.apply(self._read[0]) is None
            assert together.apply_read(self._read) is None
            assert together.levels() == self.levels()
            assert together.version == self._book.version

    def _check_whole_update(self) -> None:
        again, update = CoinexBook(gets_differences=True), self._book.whole_update("M")
        assert update is not None
        stamp(update, b"", 1.0)
        assert again.apply(update) is None
        assert again.levels() == self.levels()


def books(data: bytes) -> None:
    """Sides by themselves, and whole books; the first byte is the depth that books are cut to."""
    sides(data[1:])
    whole(data)
