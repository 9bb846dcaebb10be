"""The media relay: takes one publisher's packets and forwards them, undecoded, to many subscribers."""

__version__ = "0.1.0"
