"""Bytes to messages and back: URL, upgrade, frames, inflating. Knows no venue, no requests and no topics."""
