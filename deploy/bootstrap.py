"""Makes `.venv` and brings it up to the given requirement files; standard library only.

    python deploy/bootstrap.py requirements.txt [tests/requirements.txt …]

Nothing is installed while the files are the same as at the last success.
"""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(requirements: list[str]) -> None:
    """Prepares the environment, or ends with one sentence that says why it cannot."""
    if not _works(PYTHON):
        _make_environment()
    for name in requirements:
        _install(ROOT / name)


def _works(python: Path) -> bool:
    """Whether the environment's Python starts, is new enough and has pip."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", check], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _make_environment() -> None:
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        sys.exit(
            "Python's venv module is missing: install it (on Debian and Ubuntu the package python3-venv) "
            "and start again."
        )
    print(f"Making {VENV} with Python {sys.version.split()[0]}.", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV])
    if made.returncode:
        sys.exit(f"The virtual environment {VENV} could not be made; the reason is above.")


def _install(requirements: Path) -> None:
    stamp = VENV / f".installed-{requirements.parent.name}-{requirements.stem}"
    wanted = _fingerprint(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {requirements.relative_to(ROOT)}.", flush=True)
    pip = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        str(requirements),
    ]
    if subprocess.run(pip).returncode:
        sys.exit(f"{requirements.relative_to(ROOT)} could not be installed; pip says why above.")
    stamp.write_text(wanted)


def _fingerprint(requirements: Path) -> str:
    """A hash of the file and of the files that it includes."""
    text = requirements.read_bytes()
    digest = hashlib.sha256(text)
    for line in text.decode().splitlines():
        if line.startswith("-r "):
            digest.update((requirements.parent / line[3:].strip()).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main(sys.argv[1:])
