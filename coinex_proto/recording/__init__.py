"""What went into a `Session` and when, as bytes of files: recording, replay and proof, without I/O.

The files themselves are kept by the package `coinex_recorder`; the format is described in `docs/recording.md`.
"""

from coinex_proto.recording.played import Difference, RecordingGap, Step, Told
from coinex_proto.recording.player import Replay, replay
from coinex_proto.recording.records import Header
from coinex_proto.recording.tap import Tap

__all__ = ["Difference", "Header", "RecordingGap", "Replay", "Step", "Tap", "Told", "replay"]
