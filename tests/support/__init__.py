"""What the tests stand on: real servers, a fixed cast, a running Lectern, real browsers."""
