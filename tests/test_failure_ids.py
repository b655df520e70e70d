"""The list of failures without a test is itself right, and there are none."""

from pathlib import Path

import pytest

from tests.failure_ids import IDS, main, mentioned, proved, unproved


def test_a_name_proves_and_a_comment_mentions() -> None:
    text = "def test_n14_bytes_alone_are_not_life() -> None:\n    # W5, D2: from the header\n    x1 = S30\n"
    assert (proved(text), mentioned(text)) == ({"N14"}, {"W5", "D2"})


def test_an_async_test_with_two_ids_proves_both() -> None:
    assert proved("    async def test_n10_n9_after_a_reset() -> None:\n") == {"N10", "N9"}


def test_an_id_within_a_name_may_be_another_word_and_proves_nothing() -> None:
    assert proved("def test_only_the_local_exchange_imports_h11() -> None:") == set()


def test_an_id_beyond_the_catalogue_is_none() -> None:
    assert (proved("def test_n99_b13_x() -> None:"), mentioned("# N99 B13\n")) == (set(), set())


def test_what_is_mentioned_only_is_proved_in_part(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_it.py").write_text("def test_b1_a_mismatch_is_doubt() -> None: ...  # B2\n")
    assert unproved(tmp_path) == (["B2"], [wanted for wanted in IDS if wanted not in ("B1", "B2")])


def test_every_behaviour_of_the_catalogue_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out == "failure catalogue: 173 of 173 behaviours are proved by a test, 0 in part\n"
