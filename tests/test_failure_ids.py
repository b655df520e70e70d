"""The list of failures without a test is itself right."""

from pathlib import Path

from tests.failure_ids import IDS, cited, uncited


def test_an_id_counts_in_the_name_of_a_test_and_in_a_comment() -> None:
    text = "def test_n14_bytes_alone_are_not_life() -> None:\n    # W5, D2: from the header\n    x1 = S30\n"
    assert cited(text) == {"N14", "W5", "D2"}


def test_an_async_test_with_two_ids_counts_for_both() -> None:
    assert cited("    async def test_n10_n9_after_a_reset() -> None:\n") == {"N10", "N9"}


def test_an_id_beyond_the_catalogue_is_none() -> None:
    assert cited("# N99 B13\n") == set()


def test_what_is_cited_anywhere_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_it.py").write_text("def test_b1_a_mismatch_is_doubt() -> None: ...\n")
    assert uncited(tmp_path) == [wanted for wanted in IDS if wanted != "B1"]
