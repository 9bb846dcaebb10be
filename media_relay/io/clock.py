"""The only place where the relay asks what time it is, and what it has used of the machine."""

from __future__ import annotations

import os
import resource
import time

NTP_EPOCH = 2_208_988_800
"""Seconds between 1900, where NTP begins, and 1970."""

monotonic = time.monotonic


def ntp_offset() -> float:
    """Returns what must be added to the monotonic clock to get NTP seconds; stays fixed for a process."""
    return time.time() - time.monotonic() + NTP_EPOCH


def cpu_seconds() -> float:
    """Returns the processor time this process has used, in user space and kernel."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_megabytes() -> float:
    """Returns the memory that is resident now, or its peak where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
