"""The control messages between the web tier and a relay; the one package that both sides import.

A message is a frozen dataclass; on the wire it is one JSON object with a `type`. `encode` and `decode` are
inverse (`wire.py`). `docs/relay-protocol.md` tells the story, these files are the law.
"""

from media_relay.protocol.messages import *  # noqa: F403 (all that can be said is the protocol)
from media_relay.protocol.wire import decode as decode
from media_relay.protocol.wire import encode as encode
