"""What a watching terminal knows."""

from coinex_proto import Statistics
from coinex_trio._cli.seen import Seen


def test_the_rate_is_taken_over_the_last_seconds() -> None:
    seen = Seen(Statistics())
    assert seen.rate(0.0) == 0.0
    seen.stats.messages = 30
    assert seen.rate(1.0) == 30.0
    assert seen.rate(2.0) == 15.0
    for second in range(3, 10):
        assert seen.rate(float(second)) < 15.0
