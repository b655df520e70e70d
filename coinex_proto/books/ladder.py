"""One side of an order book, kept as the venue's own texts in the order of their numbers.

A level is the text `price:size`, so that a checksum over the venue's texts needs no formatting, and a number becomes a
`Decimal` only when somebody reads it. This module must not know any venue.

How the order is kept exact and quick: a decimal text of at most 15 characters has its own double, and doubles order like
their texts, so sort keys are doubles. The first longer price turns the keys of its side into
`Decimal`s, for good.

Where the optional extension is built, a side is one contiguous text instead, changed and checked in one call; what is no
plain number is left to the side in Python even then, so that both refuse with the same words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from math import inf
from operator import lt
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast, final, overload
from zlib import crc32

from coinex_proto.errors import PayloadError, UsageError, quoted
from coinex_proto.speedups import speed

Level: TypeAlias = tuple[Decimal, Decimal]
"""Price and size."""

MAX_LEVELS: Final = 10_000
"""A side with more is refused: no venue offers so many, and each costs time and memory."""

MAX_PRICE_CHARACTERS: Final = 60
"""CoinEx documents up to 20 decimals; a number with more than this many characters is garbage."""

_DOUBLE_CHARACTERS: Final = 15
"""IEEE 754: decimal numbers of at most 15 significant digits survive the way through a double."""


@final
class LevelTexts(Sequence[Level]):
    """Immutable levels, best first, as (price, size); each becomes two `Decimal`s when it is read."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Sequence[str] | bytes) -> None:
        """`price:size` each, or all of them joined by colons; whoever made them changes them no more."""
        self._texts: Sequence[str] | bytes = texts

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The venue's own texts of price and size."""
        return tuple((price, size) for price, _, size in (text.partition(":") for text in self.texts()))

    def joined(self) -> str:
        """The same in one text, `price:size:price:size…`; nothing of it is kept."""
        texts = self._texts
        return texts.decode() if type(texts) is bytes else ":".join(cast(Sequence[str], texts))

    def __len__(self) -> int:
        texts = self._texts
        if type(texts) is bytes:
            return (texts.count(b":") + 1) // 2
        return len(texts)

    @overload
    def __getitem__(self, index: int) -> Level: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Level, ...]: ...

    def __getitem__(self, index: int | slice) -> Level | tuple[Level, ...]:
        texts = self._texts
        if type(texts) is bytes and index == 0 and texts:  # the best, which is read most, needs no other
            price, size = texts.split(b":", 2)[:2]
            return Decimal(price.decode()), Decimal(size.decode())
        texts = self.texts()
        if isinstance(index, slice):
            return tuple(map(_numbers, texts[index]))
        return _numbers(texts[index])

    def __iter__(self) -> Iterator[Level]:
        return map(_numbers, self.texts())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LevelTexts) and self._texts == other._texts:
            return True
        if isinstance(other, (LevelTexts, tuple, list)):
            return len(self) == len(other) and tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        texts = self.texts()
        shown = ", ".join(texts[:3])
        return f"<{len(texts)} levels: {shown}{', …' if len(texts) > 3 else ''}>"

    def texts(self) -> Sequence[str]:
        """The text of each level, `price:size`, in the venue's own digits; kept, for whoever reads level by level."""
        texts = self._texts
        if type(texts) is bytes:
            numbers = texts.decode().split(":")
            self._texts = texts = list(map(":".join, zip(numbers[::2], numbers[1::2], strict=False)))
        return cast(Sequence[str], texts)


def _made_purely(texts: Sequence[str] | bytes) -> LevelTexts:
    levels = _new_levels(LevelTexts)  # by hand: one a side for each change of a book
    levels._texts = texts
    return levels


_new_levels: Final = LevelTexts.__new__
_made: Final[Callable[[Sequence[str] | bytes], LevelTexts]] = (
    _made_purely if speed is None else speed.Maker(LevelTexts, (vars(LevelTexts)["_texts"],))
)


def _numbers(text: str) -> Level:
    price, _, size = text.partition(":")
    return Decimal(price), Decimal(size)


@final
class Ladder:
    """One side of a live book: `texts` in ascending order of price, `price:size` each."""

    __slots__ = ("_is_highest_best", "_key_of", "_keys", "_longest", "absent", "texts")

    def __init__(self, is_highest_best: bool = False) -> None:
        """`is_highest_best`: the side is the bids, whose best price is the highest; else the asks."""
        self._is_highest_best = is_highest_best
        self.absent: int = 0
        """How often a level was removed that was not there."""
        self.clear()

    def clear(self) -> None:
        """Forget all levels."""
        self.texts: list[str] = []
        self._keys: list[float] = [inf]
        """The prices as numbers, and infinity behind them: what is looked for is always at or before some key."""
        self._key_of: Callable[[str], float] = float
        self._longest = _DOUBLE_CHARACTERS

    def replace(self, levels: Sequence[tuple[str, str]]) -> None:
        """Take these levels instead of all others. In any order; of two with one price the later one stays."""
        self.clear()
        if not self._take_sorted(levels):
            self.clear()
            self.change(levels)

    def _take_sorted(self, levels: Sequence[tuple[str, str]]) -> bool:
        """The usual whole side, sorted either way and without zeros, at a third of the cost; False when it is not that."""
        prices = [price for price, _ in levels]
        if not prices or len(prices) > MAX_LEVELS or max(map(len, prices)) > self._longest:
            return False
        try:
            keys = list(map(float, prices))
        except ValueError:
            return False
        texts = list(map(":".join, levels))
        if keys[0] > keys[-1]:
            keys.reverse()
            texts.reverse()
        if not all(map(lt, keys, keys[1:])):
            return False
        if _has_zero(_plain(texts)):
            return False
        keys.append(inf)
        self._keys, self.texts = keys, texts
        return True

    def change(self, levels: Sequence[tuple[str, str]]) -> None:
        """Set the size of each price; a size of zero removes the level, and removing what is not there is no error.

        Prices are one level when they are one number: the newer text stays. Raises `PayloadError` for what is no plain
        decimal number, and for too many levels; the side is empty then.
        """
        fresh = []
        keys, texts, key_of, longest = self._keys, self.texts, self._key_of, self._longest
        try:
            if len(levels) + len(texts) > 2 * MAX_LEVELS:
                raise PayloadError(f"more than {MAX_LEVELS} levels on one side of a book")
            for price, size in levels:  # the hot loop of the whole SDK: 0.5 us a level
                if len(price) > longest:
                    self._become_exact(price)
                    keys, key_of, longest = self._keys, self._key_of, self._longest
                key = key_of(price)
                index = bisect_left(keys, key)
                text = f"{price}:{size}"
                fresh.append(text)
                if size[-1] in "0." and not size.strip("0."):  # the last character decides nearly always
                    float(size)  # "." is no zero
                    if keys[index] == key:
                        del keys[index], texts[index]
                    else:
                        self.absent += 1
                    continue
                if keys[index] == key:
                    texts[index] = text
                else:
                    keys.insert(index, key)
                    texts.insert(index, text)
            _plain(fresh)
            if len(texts) > MAX_LEVELS:
                raise PayloadError(f"more than {MAX_LEVELS} levels on one side of a book")
        except (ValueError, IndexError, InvalidOperation) as problem:
            self.clear()
            raise PayloadError(f"a level with a price or a size that is no number ({quoted(problem)})") from None
        except BaseException:
            self.clear()  # half a change is worth nothing
            raise

    def _become_exact(self, price: str) -> None:
        """Sort by `Decimal` from now on, because of this price."""
        if len(price) > MAX_PRICE_CHARACTERS:
            raise PayloadError(f"a price of {len(price)} characters")
        exact = [Decimal(text.partition(":")[0]) for text in self.texts]
        self._keys = cast(list[float], [*exact, Decimal("Infinity")])
        self._key_of = cast(Callable[[str], float], Decimal)
        self._longest = MAX_PRICE_CHARACTERS

    def cut(self, depth: int) -> None:
        """Keep the best `depth` levels: what a venue lets fall out of its window without a word.

        Raises `UsageError` for a depth below zero.
        """
        if depth < 0:
            raise UsageError(f"a book cannot be cut to {depth} levels")
        surplus = len(self.texts) - depth
        if surplus <= 0:
            return
        if self._is_highest_best:
            del self.texts[:surplus], self._keys[:surplus]
        else:
            del self.texts[depth:], self._keys[depth:-1]

    def best(self, depth: int | None = None) -> list[str]:
        """The best `depth` levels (None: all), best first, `price:size` each; a list of its own."""
        texts = self.texts[::-1] if self._is_highest_best else self.texts
        return texts[:depth]

    def levels(self) -> LevelTexts:
        """All levels as they are now, best first."""
        return _made(self.texts[::-1] if self._is_highest_best else self.texts[:])

    def __len__(self) -> int:
        return len(self.texts)

    def __reduce__(self) -> tuple[Any, ...]:
        return Ladder, (self._is_highest_best,), (self.texts, self.absent)

    def __setstate__(self, state: tuple[list[str], int]) -> None:
        """Whichever twin it was made by."""
        texts, absent = state
        self.replace(_split(texts))
        self.absent = absent

    @property
    def has_positive_prices(self) -> bool:
        """Whether the lowest price is above zero (true for an empty side)."""
        return self._keys[0] > 0


PureLadder: Final = Ladder
"""The twin in Python, whichever `Ladder` is."""

if speed is not None and not TYPE_CHECKING:

    @final
    class Ladder(speed.Side):
        """As `PureLadder`; speed/ladder.c keeps the levels."""

        __slots__ = ()

        def replace(self, levels):
            """As the twin's."""
            if not self.take(levels, True):
                self._by_twin(PureLadder.replace, levels)

        def change(self, levels):
            """As the twin's."""
            if not self.take(levels, False):
                self._by_twin(PureLadder.change, levels)

        def _by_twin(self, step, levels):
            """What is no plain number, and what is too much, is judged in Python."""
            twin = PureLadder(self.is_highest_best)
            twin.replace(_split(self.texts))
            self.clear()
            try:
                step(twin, levels)
            finally:
                self.absent += twin.absent
            self.take(_split(twin.best()), True)

        @property
        def texts(self):
            """As the twin's; a list of its own."""
            texts = list(self.levels().texts())
            return texts[::-1] if self.is_highest_best else texts

        def __reduce__(self):
            return Ladder, (self.is_highest_best,), (self.texts, self.absent)

        __setstate__ = PureLadder.__setstate__

        def cut(self, depth):
            """As the twin's."""
            if depth < 0:
                raise UsageError(f"a book cannot be cut to {depth} levels")
            self.keep(depth)

        def best(self, depth=None):
            """As the twin's."""
            return list(self.levels().texts())[:depth]

        def levels(self):
            """As the twin's."""
            return _made(self.text())


def _split(texts: Sequence[str]) -> list[tuple[str, str]]:
    return [(price, size) for price, _, size in (text.partition(":") for text in texts)]


def take_push(bids: Ladder, asks: Ladder, bid_levels: Any, ask_levels: Any, is_whole: bool) -> None:
    """Change both sides, or replace them (`is_whole`).

    Levels are sequences of (price, size) as texts, or spans of a payload (`unread`). `bids` was made with
    `is_highest_best`. Raises `PayloadError` as `Ladder.change`, and for a price of zero.
    """
    is_positive: bool | None = None
    if type(bids) is not PureLadder:
        is_positive = bids.take_both(asks, bid_levels, ask_levels, is_whole)  # type: ignore[attr-defined]
    if is_positive is None:
        is_positive = _taken_by_side(bids, asks, bid_levels, ask_levels, is_whole)
    if not is_positive:
        raise PayloadError(_ZERO)


def _pushed_purely(bids: Ladder, asks: Ladder, bid_levels: Any, ask_levels: Any, is_whole: bool) -> int:
    if is_whole:
        bids.replace(bid_levels)
        asks.replace(ask_levels)
    else:
        bids.change(bid_levels)
        asks.change(ask_levels)
    if bids._keys[0] <= 0 or asks._keys[0] <= 0:
        raise PayloadError(_ZERO)
    return crc32(":".join(bids.texts[::-1] + asks.texts).encode())


def _pushed(bids: Any, asks: Ladder, bid_levels: Any, ask_levels: Any, is_whole: bool) -> int:
    found: int | None = bids.push(asks, bid_levels, ask_levels, is_whole)
    if found is None:
        found = checksum(bids, asks) if _taken_by_side(bids, asks, bid_levels, ask_levels, is_whole) else -1
    if found < 0:
        raise PayloadError(_ZERO)
    return found


push: Final[Callable[[Ladder, Ladder, Any, Any, bool], int]] = _pushed_purely if speed is None else _pushed
"""As `take_push`; gives the checksum of both sides then."""
_ZERO: Final = "a level with a price of zero"


def _taken_by_side(bids: Ladder, asks: Ladder, bid_levels: Any, ask_levels: Any, is_whole: bool) -> bool:
    """Each side by itself; whether all prices are above zero then."""
    if is_whole:
        bids.replace(_read(bid_levels))
        asks.replace(_read(ask_levels))
    else:
        bids.change(_read(bid_levels))
        asks.change(_read(ask_levels))
    return bids.has_positive_prices and asks.has_positive_prices


def _checksum(bids: Ladder, asks: Ladder) -> int:
    return crc32(":".join(bids.texts[::-1] + asks.texts).encode())


checksum: Final[Callable[[Ladder, Ladder], int]] = _checksum if speed is None else speed.Side.checksum
"""The CRC-32 of `joined`."""


def unread(model: type[Any], name: str) -> Callable[[Any], Any]:
    """What gives a field as it lies in its slot: a span of the payload, whose `value` it is, where nobody has read it yet."""
    slot = vars(model)[name]
    get: Callable[[Any], Any] = getattr(slot, "member", slot).__get__
    return get


def _read(levels: Any) -> Sequence[tuple[str, str]]:
    found: Sequence[tuple[str, str]] = levels if isinstance(levels, (tuple, list)) else levels.value
    return found


def joined(bids: Ladder, asks: Ladder) -> bytes:
    """`price:size:price:size…`, all bids best first, then all asks best first."""
    return ":".join(bids.texts[::-1] + asks.texts).encode()


def _plain(texts: list[str]) -> bytes:
    """These levels joined; raises `PayloadError` unless they are plain decimal numbers and nothing else.

    No sign, blank, underscore, exponent, "NaN", foreign digit or second dot: each of these would pass as a number somewhere.
    """
    text = ":".join(texts).encode(errors="replace")
    marks = text.translate(None, b"0123456789")
    numbers = 2 * len(texts)
    if marks == b".:" * (numbers - 1) + b".":
        return text  # the usual case, and quicker to see: every number has its point
    if marks.translate(None, b".:") or b".." in marks or marks.count(b":") != max(0, numbers - 1):
        raise PayloadError("a level that is no plain decimal number")
    return text


def _has_zero(text: bytes) -> bool:
    """Whether one of these joined plain numbers is zero (or just a point)."""
    digits = b":%b:" % text.translate(None, b"0.")
    return b"::" in digits
