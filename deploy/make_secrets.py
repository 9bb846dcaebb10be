"""Makes the secrets of a production installation, each once, under `var/secrets`; standard library only.

    python3 deploy/make_secrets.py --public-ip 203.0.113.7 --email-url smtp+tls://user:password@mail.example:587

What is there already is kept, so that it can be run again; `--folder` chooses another place.
"""

import argparse
import ipaddress
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RANDOM_BYTES = 36
READABLE = 0o444
"""A container's user has another number than the owner of the file; the folder around is closed to others."""


def main() -> None:
    """Writes what is missing and says so."""
    asked = _arguments()
    folder: Path = asked.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("secret_key", "relay_secret", "postgres_password"):
        _keep(folder / name, secrets.token_urlsafe(RANDOM_BYTES))
    password = (folder / "postgres_password").read_text().strip()
    _keep(folder / "database_url", f"postgresql://lectern:{password}@postgres:5432/lectern")
    _keep(folder / "email_url", asked.email_url)
    _keep(folder / "turnserver.conf", _turn_configuration(asked.realm, asked.public_ip))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Makes the secrets of a production installation.")
    parser.add_argument("--public-ip", required=True, type=ipaddress.ip_address, action="append")
    parser.add_argument("--email-url", required=True)
    parser.add_argument("--realm", default="lectern")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "secrets")
    return parser.parse_args()


def _turn_configuration(realm: str, relays: list[object]) -> str:
    own = [f"realm={realm}", f"static-auth-secret={secrets.token_urlsafe(RANDOM_BYTES)}"]
    own += [f"allowed-peer-ip={address}" for address in relays]
    return (ROOT / "deploy" / "turnserver.conf").read_text() + "\n" + "\n".join(own)


def _keep(path: Path, content: str) -> None:
    if path.exists():
        print(f"{path} is kept as it is.")
        return
    path.write_text(content + "\n")
    path.chmod(READABLE)
    print(f"{path} is new.")


if __name__ == "__main__":
    main()
