"""The console command without and with its extra."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import pytest

from coinex_trio import cli


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = builtins.__import__

    def fake(name: str, *arguments: Any) -> Any:
        if name == "coinex_trio._cli.program":
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", fake)


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without(monkeypatch, "click")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "pip install 'coinex-sdk[cli]'" in capsys.readouterr().err


def test_another_module_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "something")
    with pytest.raises(ModuleNotFoundError, match="something"):
        cli.main()


def test_with_the_extra_every_command_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["coinex", "--help"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("demo", "doctor", "request", "sign", "sim", "ticker", "watch"))


def test_p2_ctrl_c_while_it_is_still_starting_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "coinex_trio._cli.program":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "coinex_trio._cli.program", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
