"""How topics are named on NATS: `md.<venue>.<module>.<kind>.<market>`, each name escaped to one token.

A token holds letters, digits and `-` of ASCII; every other byte of a name is `_` and two capital hex digits, so that no name of a
venue can be a wildcard, a separator or another subject. Words that stand for no name begin with `_` and a small letter.
No I/O; must not know any venue.
"""

from __future__ import annotations

import re
from typing import Any, Final, final

from attrs import NOTHING, fields, frozen

from coinex_proto import BookChanged, Dialect, Event, Topic, UsageError
from coinex_proto.books.book import MustBeTold
from coinex_proto.ids import TopicKey

DATA: Final = "md"
"""What relays publish; the stream keeps it."""
LIVE: Final = "md-live"
"""The same after the stream has stored it, once each: what consumers follow."""
WHOLE: Final = "md-whole"
"""Where the last whole state of each topic stands, and what each relay carries; the last message of each subject is kept."""

ALL: Final = "_all"
NOTHING_NAMED: Final = "_none"
RELAY: Final = "_relay"
"""In the place of a kind: heartbeats."""
LONGEST: Final = 255
"""Characters of a token."""

_TO_ESCAPE: Final = re.compile(rb"[^A-Za-z0-9\-]")
_ESCAPED: Final = re.compile(r"_([0-9A-F]{2})")
_TOKEN: Final = re.compile(r"(?:[A-Za-z0-9\-]|_[0-9A-F]{2})+")


def escape(name: str) -> str:
    """The name as one token of a subject. Raises `UsageError` for one that is too long or no text."""
    if not isinstance(name, str):
        raise UsageError(f"a name on NATS is a text, not {type(name).__name__}")
    try:
        plain = name.encode()
    except UnicodeEncodeError:
        raise UsageError("a name on NATS must be Unicode text without lone surrogates") from None
    token = _TO_ESCAPE.sub(lambda found: b"_%02X" % found[0][0], plain).decode() or NOTHING_NAMED
    if len(token) > LONGEST:
        raise UsageError(f"a name of {len(name)} characters is too long for a subject: {name[:32]}…")
    return token


def unescape(token: str) -> str:
    """The name that `escape` made this token of. Raises `UsageError` for any other text."""
    if token == NOTHING_NAMED:
        return ""
    if not _TOKEN.fullmatch(token):
        raise UsageError("this is no token of a relay's subject")
    try:
        name = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), token).encode("latin-1").decode()
    except UnicodeDecodeError:
        raise UsageError("this token of a relay's subject holds no UTF-8") from None
    if escape(name) != token:
        raise UsageError("this is no token of a relay's subject")
    return name


@final
@frozen
class Names:
    """The subjects of one venue's socket."""

    venue: str
    module: str

    @classmethod
    def of(cls, dialect: Dialect) -> Names:
        """By the dialect's name: "coinex spot" is `coinex.spot`."""
        venue, _, module = dialect.name.partition(" ")
        return cls(escape(venue), escape(module))

    def tail(self, topic: Topic[Event]) -> str:
        """What follows `md.`, `md-live.` and `md-whole.` for this topic.

        Parameters that are not the default belong to the kind, since they make other pushes: a book of 20 levels is no book of 50.
        Raises `UsageError` for a private topic.
        """
        check_public(topic)
        key = topic.key
        market = key[1]
        return f"{self.venue}.{self.module}.{_kind(topic, key)}.{ALL if market is None else escape(str(market))}"

    def beats(self, relay: str) -> str:
        """The subject's end for heartbeats of this relay, or of all with `*`."""
        return f"{self.venue}.{self.module}.{RELAY}.{relay}"


def check_public(topic: Topic[Event]) -> None:
    """Raises `UsageError` for what must never leave its process over a relay."""
    if topic.is_private:
        raise UsageError(
            f"{type(topic).__name__} is private: own orders and balances never go over a relay, which carries market data only; "
            "follow it on a connection of your own"
        )


def check_relayed(dialect: Dialect, topic: Topic[Event]) -> None:
    """Raises `UsageError` for what cannot come over a relay: private topics, and books that a consumer cannot prove.

    Such a book comes whole once, to whoever asked, and does not see by itself what is missing.
    """
    check_public(topic)
    book: object = dialect.book(topic)
    is_whole_once = isinstance(book, MustBeTold) or topic.merger() is not None
    if is_whole_once or (book is None and issubclass(topic.event, BookChanged)):
        raise UsageError(
            f"{topic} cannot be relayed: it does not begin with a push, or a consumer could not prove it; follow it on a connection of your own"
        )


def _kind(topic: Topic[Event], key: TopicKey) -> str:
    said = [str(key[0]), *(str(part) for part in key[2:])]
    for attribute in fields(type(topic)):
        value: Any = getattr(topic, attribute.name)
        if value != attribute.default and attribute.default is not NOTHING and value not in key:
            said.append(f"{attribute.name}={value}")
    return escape(",".join(said))
