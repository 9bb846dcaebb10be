"""Says, once in the life of the process, that something goes a slower way here than it could."""

from __future__ import annotations

import functools
import logging

logger = logging.getLogger(__name__)


@functools.cache
def tell(sentence: str) -> None:
    """Logs the sentence unless it has been logged before."""
    logger.warning(sentence)
