"""Benchmarks of Lectern: of the relay by light WebRTC clients, of the whole by Chromium."""
