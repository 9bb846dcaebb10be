"""Finds the programs that the tests start, and installs the missing ones with apt where it may.

python deploy/test_tools.py [bench]

With `bench` also what benchmarks compare with, which they do without where it cannot be had.
"""

import glob
import os
import shutil
import subprocess
import sys

PACKAGES = {
    "chromium": ("chromium",),
    "firefox-esr": ("firefox-esr",),
    "redis-server": ("redis-server",),
    "postgresql": ("initdb", "/usr/lib/postgresql/*/bin/initdb"),
    "coturn": ("turnserver",),
}
"""Debian package → where its program may be: a name on the PATH or a pattern of paths."""
SPARED_PACKAGES: dict[str, tuple[str, ...]] = {
    "libreoffice-impress": ("soffice",),
    "chromium-headless-shell": ("chromium-headless-shell",),
}
"""What some tests are skipped without, and say so, and what makes browsers' tests quicker."""
BENCH_PACKAGES: dict[str, tuple[str, ...]] = {"janus": ("janus",)}


def main() -> None:
    """Ends quietly when every program is there, with one sentence when that cannot be had."""
    if sys.argv[1:] == ["bench"] and (missing := _missing(BENCH_PACKAGES)):
        _install(missing)
    for packages in (PACKAGES, SPARED_PACKAGES):
        if missing := _missing(packages):
            _install(missing)
    if missing := _missing(PACKAGES):
        sys.exit(
            f"The tests need these Debian packages, which are not here and could not be installed: "
            f"{', '.join(missing)}. Install them (apt-get install {' '.join(missing)}) and start again."
        )


def _missing(packages: dict[str, tuple[str, ...]]) -> list[str]:
    return [package for package, places in packages.items() if not any(map(_is_there, places))]


def _is_there(place: str) -> bool:
    return bool(glob.glob(place) if "/" in place else shutil.which(place))


def _install(packages: list[str]) -> None:
    apt = shutil.which("apt-get")
    rights = _rights()
    if not apt or rights is None:
        return
    print(f"Installing for tests and benchmarks: {', '.join(packages)}.", flush=True)
    apt_get = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", apt, "-qq"]
    subprocess.run([*apt_get, "update"], stdin=subprocess.DEVNULL)
    install = [*apt_get, "install", "-y", "--no-install-recommends", *packages]
    subprocess.run(install, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _rights() -> list[str] | None:
    """What to put before a command that root must run; None where this person may not."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    asked = subprocess.run(["sudo", "-n", "true"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return ["sudo", "-n"] if asked.returncode == 0 else None


if __name__ == "__main__":
    main()
