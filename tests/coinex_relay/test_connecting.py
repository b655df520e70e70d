"""Which streams a relay takes as they are, and what it says where it cannot use one, or has no JetStream."""

from typing import Any

import pytest
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import RePublish, RetentionPolicy, StreamConfig, SubjectTransform
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError

from coinex_relay import Nats
from coinex_relay.connecting import said, unfit_settings, without_jetstream

WANTED = StreamConfig(
    name="MD",
    subjects=["md.>"],
    duplicate_window=120.0,
    allow_direct=True,
    republish=RePublish(src="md.>", dest="md-live.>"),
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"retention": RetentionPolicy.LIMITS, "max_age": 5.0, "max_bytes": 1000, "num_replicas": 3},
        {"subjects": ["md.>", "other.>"]},
        {"duplicate_window": 10.0},
    ],
)
def test_a_stream_that_can_do_what_is_needed_is_taken_as_it_is(changes: dict[str, Any]) -> None:
    assert unfit_settings(WANTED, WANTED.evolve(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subjects": ["md.coinex.>"]}, "subjects md.>"),
        ({"allow_direct": None}, "allow_direct"),
        ({"retention": RetentionPolicy.WORK_QUEUE}, "retention by limits"),
        ({"no_ack": True}, "acknowledgements (no_ack is false)"),
        ({"max_msg_size": 1000}, "no max_msg_size"),
        ({"max_msgs_per_subject": 1}, "no max_msgs_per_subject"),
        ({"subject_transform": SubjectTransform(src="md.>", dest="x.>")}, "no subject_transform"),
        ({"sealed": True}, "not sealed"),
        ({"republish": None}, "republish from md.> to md-live.>"),
        ({"republish": RePublish(src="md.a.>", dest="md-live.>")}, "republish from md.> to md-live.>"),
        ({"republish": RePublish(src=">", dest="md-live.>")}, "republish from md.> to md-live.>"),
        ({"republish": RePublish(src="md.>", dest="other.>")}, "republish from md.> to md-live.>"),
        (
            {"republish": RePublish(src="md.>", dest="md-live.>", headers_only=True)},
            "republish with payloads (headers_only is false)",
        ),
        ({"duplicate_window": 1.0}, "a duplicate_window of at least 10 s"),
    ],
)
def test_a_stream_that_would_lose_data_or_trust_is_not_taken(changes: dict[str, Any], said: str) -> None:
    assert unfit_settings(WANTED, WANTED.evolve(**changes)) == [said]


def test_where_there_is_no_jetstream_it_says_what_to_do() -> None:
    for error in (NoRespondersError(), ServiceUnavailableError(), NatsTimeout(), TimeoutError()):
        assert without_jetstream(error).startswith("JetStream does not answer: the server needs `jetstream`")
    for other in (NotFoundError(), APIError(description="insufficient storage"), ValueError()):
        assert without_jetstream(other) == ""


def test_an_error_of_nats_is_a_line() -> None:
    assert said(APIError(code=400, description="subjects overlap")) == "subjects overlap"
    assert said(NatsTimeout()) == said(TimeoutError()) == "no answer in time"
    assert said(ConnectionRefusedError(111, "x")) == "Connection refused"


@pytest.mark.parametrize(
    ("url", "sign_in"),
    [
        ("nats://127.0.0.1", {}),
        ("nats://desk:p%40ss%3Aw%2F@127.0.0.1", {"user": "desk", "password": "p@ss:w/"}),
        ("nats://desk:@127.0.0.1", {"user": "desk", "password": ""}),
        ("nats://t%2Fk@127.0.0.1", {"token": "t/k"}),
        ("nats://127.0.0.1,nats://desk:right@127.0.0.2", {"user": "desk", "password": "right"}),
    ],
)
def test_a_user_a_password_and_a_token_are_read_from_the_url_as_urls_are_written(
    url: str, sign_in: dict[str, str]
) -> None:
    assert Nats(url=url).sign_in == sign_in
