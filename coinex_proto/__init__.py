"""Exchange WebSocket protocols without I/O: bytes in, events out.

`Session` keeps what a program wants across connections, `Connection` is one socket, and a venue's package (`coinex`,
`qfex`, `coinflex`) gives the dialect, topics, commands and updates. The drivers that own sockets are in `coinex_trio`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinex_proto._session.reconnect import NextStep, Open, Stop, Wait
    from coinex_proto._session.subscriptions import TopicStatus
    from coinex_proto._wire.endpoint import endpoint_of
    from coinex_proto.books.book import Book, Levels, MustBeTold
    from coinex_proto.books.checked import BookChange, CheckedBook
    from coinex_proto.books.ladder import Ladder, Level, LevelTexts
    from coinex_proto.books.view import BookChanged, BookView
    from coinex_proto.checks import grouped
    from coinex_proto.commands import Command, Outgoing, Refusal
    from coinex_proto.config import Backoff, Config, Endpoint, Rate, Sources
    from coinex_proto.connection import Connection
    from coinex_proto.decoding import UNREADABLE, decode_plain, finite_check, json_decoder, plain_decoder, plain_text
    from coinex_proto.delivery.callbacks import Callbacks, Registration
    from coinex_proto.delivery.streams import Latest, Queue
    from coinex_proto.dialect import Answer, Challenge, Dialect, Inbound, Mended, Opening, SendNow
    from coinex_proto.errors import (
        BookNotTrusted,
        ConnectFailed,
        ConsumerTooSlow,
        HandshakeRefused,
        LoginRefused,
        NotReady,
        OutcomeUnknown,
        PayloadError,
        ProxyError,
        RequestError,
        RequestRefused,
        RequestTimedOut,
        SdkError,
        UsageError,
        quoted,
    )
    from coinex_proto.events import (
        Backfilled,
        BackfillStarted,
        Closed,
        CloseReason,
        Failed,
        LineChanged,
        LoginFailed,
        Lost,
        OrderChanged,
        OrdersGuarded,
        OrdersQueried,
        Ready,
        RenewalFailed,
        Renewed,
        Replied,
        Restored,
        Retrying,
        Subscribed,
        SubscribeFailed,
        Unrecognised,
        Unsubscribed,
    )
    from coinex_proto.ids import ANYTHING, OLDEST, OrderId, ReplyKey, RequestId, TopicKey
    from coinex_proto.json import to_json
    from coinex_proto.lines import LineStatistics
    from coinex_proto.numbers import decimal_of, exact
    from coinex_proto.orders.exit_order import ExitOrder
    from coinex_proto.orders.fact import OrderFact, OrdersMissed
    from coinex_proto.orders.view import OrderView
    from coinex_proto.phases import Phase
    from coinex_proto.recording.played import RecordingGap
    from coinex_proto.recording.player import Replay, replay
    from coinex_proto.session import Session
    from coinex_proto.statistics import Statistics
    from coinex_proto.topics import Merger, Topic
    from coinex_proto.updates import Event, Update
else:
    from coinex_proto.lazy import lazy_names as _lazy_names

    __getattr__, __dir__ = _lazy_names(
        __name__,
        {
            "_session.reconnect": "NextStep Open Stop Wait",
            "_session.subscriptions": "TopicStatus",
            "_wire.endpoint": "endpoint_of",
            "books.book": "Book Levels MustBeTold",
            "books.checked": "BookChange CheckedBook",
            "books.ladder": "Ladder Level LevelTexts",
            "books.view": "BookChanged BookView",
            "checks": "grouped",
            "commands": "Command Outgoing Refusal",
            "config": "Backoff Config Endpoint Rate Sources",
            "connection": "Connection",
            "decoding": "UNREADABLE decode_plain finite_check json_decoder plain_decoder plain_text",
            "delivery.callbacks": "Callbacks Registration",
            "delivery.streams": "Latest Queue",
            "dialect": "Answer Challenge Dialect Inbound Mended Opening SendNow",
            "errors": "BookNotTrusted ConnectFailed ConsumerTooSlow HandshakeRefused LoginRefused NotReady OutcomeUnknown PayloadError ProxyError RequestError RequestRefused RequestTimedOut SdkError UsageError quoted",
            "events": "Backfilled BackfillStarted Closed CloseReason Failed LineChanged LoginFailed Lost OrderChanged OrdersGuarded OrdersQueried Ready RenewalFailed Renewed Replied Restored Retrying Subscribed SubscribeFailed Unrecognised Unsubscribed",
            "ids": "ANYTHING OLDEST OrderId ReplyKey RequestId TopicKey",
            "json": "to_json",
            "lines": "LineStatistics",
            "numbers": "decimal_of exact",
            "orders.exit_order": "ExitOrder",
            "orders.fact": "OrderFact OrdersMissed",
            "orders.view": "OrderView",
            "phases": "Phase",
            "recording.played": "RecordingGap",
            "recording.player": "Replay replay",
            "session": "Session",
            "statistics": "Statistics",
            "topics": "Merger Topic",
            "updates": "Event Update",
        },
    )
__all__ = [
    "ANYTHING",
    "OLDEST",
    "UNREADABLE",
    "Answer",
    "BackfillStarted",
    "Backfilled",
    "Backoff",
    "Book",
    "BookChange",
    "BookChanged",
    "BookNotTrusted",
    "BookView",
    "Callbacks",
    "Challenge",
    "CheckedBook",
    "CloseReason",
    "Closed",
    "Command",
    "Config",
    "ConnectFailed",
    "Connection",
    "ConsumerTooSlow",
    "Dialect",
    "Endpoint",
    "Event",
    "ExitOrder",
    "Failed",
    "HandshakeRefused",
    "Inbound",
    "Ladder",
    "Latest",
    "Level",
    "LevelTexts",
    "Levels",
    "LineChanged",
    "LineStatistics",
    "LoginFailed",
    "LoginRefused",
    "Lost",
    "Mended",
    "Merger",
    "MustBeTold",
    "NextStep",
    "NotReady",
    "Open",
    "Opening",
    "OrderChanged",
    "OrderFact",
    "OrderId",
    "OrderView",
    "OrdersGuarded",
    "OrdersMissed",
    "OrdersQueried",
    "OutcomeUnknown",
    "Outgoing",
    "PayloadError",
    "Phase",
    "ProxyError",
    "Queue",
    "Rate",
    "Ready",
    "RecordingGap",
    "Refusal",
    "Registration",
    "RenewalFailed",
    "Renewed",
    "Replay",
    "Replied",
    "ReplyKey",
    "RequestError",
    "RequestId",
    "RequestRefused",
    "RequestTimedOut",
    "Restored",
    "Retrying",
    "SdkError",
    "SendNow",
    "Session",
    "Sources",
    "Statistics",
    "Stop",
    "SubscribeFailed",
    "Subscribed",
    "Topic",
    "TopicKey",
    "TopicStatus",
    "Unrecognised",
    "Unsubscribed",
    "Update",
    "UsageError",
    "Wait",
    "decimal_of",
    "decode_plain",
    "endpoint_of",
    "exact",
    "finite_check",
    "grouped",
    "json_decoder",
    "plain_decoder",
    "plain_text",
    "quoted",
    "replay",
    "to_json",
]
