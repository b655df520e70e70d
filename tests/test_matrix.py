"""What `make matrix` installs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import AssertionRewritingHook

from tests import matrix
from tests.coinex_proto.harness import sessions

PROJECT = """
[project]
dependencies = ["attrs>=23.2", "h11>=0.16"]
[project.optional-dependencies]
relay = ["nats-py[nkeys]>=2.16,<2.17"]
plot = ["matplotlib>=3.9; python_version < '3.15'"]
dev = ["attrs==26.1.0"]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(matrix, "ROOT", tmp_path)
    (tmp_path / "speed").mkdir()
    for name in ("pyproject.toml", "hatch_build.py", "speed/read.c", "stamp"):
        (tmp_path / name).write_text(PROJECT)
        os.utime(tmp_path / name, (1_000, 1_000))
    return tmp_path


def test_minimum_versions_are_those_of_every_extra_for_users(project: Path) -> None:
    expected = ["attrs==23.2", "h11==0.16", "nats-py[nkeys]==2.16", "matplotlib==3.9; python_version < '3.15'"]
    assert matrix.minimum_versions() == expected


def test_an_environment_is_kept_until_what_it_was_made_from_has_changed(project: Path) -> None:
    assert matrix.is_newest(project / "stamp")
    assert not matrix.is_newest(project / "missing")
    os.utime(project / "speed/read.c", (1_001, 1_001))
    assert not matrix.is_newest(project / "stamp")


def test_asserts_of_helpers_count_without_those_of_python() -> None:
    assert isinstance(sessions.__loader__, AssertionRewritingHook)
