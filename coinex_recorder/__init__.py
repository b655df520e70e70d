"""Files of recordings: markets that are kept, proved, looked at and played again.

`RecordingFiles` and `FlightRecorder` go into `Config`; `replay` plays what they wrote, and `check` says what it proves. The protocol
side, without files, is `coinex_proto.recording`; the format is described in `docs/recording.md`.
"""

from coinex_recorder.checking import Proved, Report, check
from coinex_recorder.files import RecordingFiles
from coinex_recorder.flight import FlightRecorder
from coinex_recorder.reading import files_of, header, index_of, replay

__all__ = [
    "FlightRecorder",
    "Proved",
    "RecordingFiles",
    "Report",
    "check",
    "files_of",
    "header",
    "index_of",
    "replay",
]
