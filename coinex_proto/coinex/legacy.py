"""Frames of the CoinEx v1 sockets, for old recordings."""

from __future__ import annotations
