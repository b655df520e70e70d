"""Decides once whether the compiled twins run: `speed` is the extension `coinex_proto._speed`, or None.

Every function of the extension has a twin in Python beside the place where it is used, with the same values, errors and
messages. The twin runs where the extension was not built, with `COINEX_PURE=1` in the environment, and, with one warning,
where the binary that lies there is broken or was made for something else. This module must not know what the twins do.
"""

from __future__ import annotations

import importlib
import warnings
from os import environ, listdir
from types import ModuleType
from typing import Final

REVISION: Final = 10
"""Of what the extension offers; the same number as SPEED_REVISION in speed/speed.h."""

_NAME: Final = "coinex_proto._speed"
_BINARIES: Final = (".so", ".pyd")


def _found() -> tuple[ModuleType | None, str]:
    """The extension, or None; and what to tell somebody who asks."""
    if environ.get("COINEX_PURE", "0") not in ("", "0"):
        return None, "pure Python: COINEX_PURE is set"
    try:
        module = importlib.import_module(_NAME)
        if module.REVISION != REVISION:
            raise ImportError(f"it is revision {module.REVISION}, not {REVISION}")
    except ModuleNotFoundError as missing:
        foreign = _foreign_binary()
        if missing.name == _NAME and foreign is None:
            return None, "pure Python: the extension was not built"
        return _refused(f"{foreign} is for another Python" if foreign else str(missing))
    except Exception as error:  # noqa: BLE001 - a binary that is not ours may raise anything
        return _refused(str(error) if type(error) is ImportError else f"{type(error).__name__}: {error}")
    return module, "the compiled extension"


def _foreign_binary() -> str | None:
    """The name of a binary that lies here, and that this Python does not look for."""
    here = __file__.rpartition("/")[0]
    try:
        names = sorted(listdir(here))
    except OSError:  # not installed as files: then nothing lies beside
        return None
    return next((name for name in names if name.startswith("_speed.") and name.endswith(_BINARIES)), None)


def _refused(why: str) -> tuple[None, str]:
    warnings.warn(
        f"{_NAME} cannot be used ({why}); its pure Python twin runs. Install coinex-sdk again for this Python, "
        "or set COINEX_PURE=1",
        RuntimeWarning,
        stacklevel=3,
    )
    return None, f"pure Python: the extension was refused ({why})"


_FOUND: Final = _found()
speed: Final[ModuleType | None] = _FOUND[0]
description: Final[str] = _FOUND[1]
