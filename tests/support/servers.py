"""Real Redis, PostgreSQL and coturn, found on the machine and run by the tests on ports of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from tests.support.processes import Process, answers_on_tcp, free_port

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30.0
SEARCHED_FOLDERS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/opt/homebrew/bin")
POSTGRESQL_FOLDERS = ("/usr/lib/postgresql", "/usr/pgsql-15", "/opt/homebrew/opt")
UNPRIVILEGED_USERS = ("postgres", "nobody")
SERVER_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def find_program(name: str, package: str, folders: Sequence[str] = ()) -> str:
    """The program's path; raises AssertionError with what to install where it is not to be found."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *SEARCHED_FOLDERS, *folders))
    found = shutil.which(name, path=path)
    assert found, f"The tests need {name}: install Debian's package {package} (apt-get install {package})."
    return found


def _postgresql_folders() -> list[str]:
    roots = (Path(folder) for folder in POSTGRESQL_FOLDERS)
    return [str(folder) for root in roots for folder in sorted(root.glob("**/bin"), reverse=True)]


class RedisServer:
    """A Redis that keeps nothing; may be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        program = find_program("redis-server", "redis-server")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        command = [program, *options, "--dir", str(self._folder)]
        self._process = Process(command, self._folder / "redis.log", environment=SERVER_ENVIRONMENT)
        self._process.wait_until(lambda: answers_on_tcp(self.port), START_SECONDS, "Redis being ready")

    def stop(self) -> None:
        """Ends the server."""
        self._process.stop()

    def restart(self) -> None:
        """Ends the server at once and starts it again: every connection to it breaks."""
        self._process.kill()
        self.start()


class PostgresServer:
    """A PostgreSQL cluster of the tests' own; run by another user where the tests run as root."""

    def __init__(self) -> None:
        self.port = free_port()
        self._temporary = tempfile.TemporaryDirectory(
            prefix="lectern-postgresql-", ignore_cleanup_errors=True
        )
        self._folder = Path(self._temporary.name)
        self._user = self._give_away() if os.geteuid() == 0 else None
        self._make_cluster()
        self._run()

    def _give_away(self) -> str:
        """PostgreSQL refuses to be root: hands the folder to another user, and names them."""
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = next(name for name in UNPRIVILEGED_USERS if name in known)
        shutil.chown(self._folder, user)
        return user

    def _program(self, name: str) -> str:
        return find_program(name, "postgresql", _postgresql_folders())

    def _make_cluster(self) -> None:
        options = ["--auth=trust", "--username=lectern", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        command = [self._program("initdb"), *options, "-D", str(self._folder / "data")]
        made = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=SERVER_ENVIRONMENT,
            cwd="/",
            user=self._user,
            check=False,
        )
        assert made.returncode == 0, f"initdb failed:\n{made.stdout}{made.stderr}"

    def _run(self) -> None:
        settings = [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "listen_addresses=127.0.0.1",
        ]
        options = [word for setting in settings for word in ("-c", setting)]
        server = [self._program("postgres"), "-D", str(self._folder / "data"), "-p", str(self.port)]
        command = [*server, "-k", str(self._folder), *options]
        log = self._folder / "server.log"
        here = Path("/")
        self._process = Process(command, log, environment=SERVER_ENVIRONMENT, folder=here, user=self._user)
        self._process.wait_until(self._answers, START_SECONDS, "PostgreSQL being ready")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str) -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgresql://lectern@127.0.0.1:{self.port}/{database}"

    def new_database(self, name: str, template: str = "template1") -> str:
        """Makes a database, if wanted as a copy of another one, and returns its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def stop(self) -> None:
        """Ends the server without waiting for its clients."""
        self._process.stop(signal.SIGINT)
        self._temporary.cleanup()


class TurnServer:
    """A coturn with the configuration that a production installation gets, on a port of the tests' own."""

    relay_address = "203.0.113.7"
    """Of the media relay, the only peer that it may reach; nobody is there."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port(socket.SOCK_DGRAM)
        configuration = self._make_secrets(folder)
        self.secret = configuration.read_text().split("static-auth-secret=")[1].split()[0]
        program = find_program("turnserver", "coturn")
        command = [program, "-c", str(configuration), "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]
        command += [f"--listening-port={self.port}", "--no-tls", "--no-dtls"]
        command += [f"--pidfile={folder / 'turnserver.pid'}", f"--userdb={folder / 'turn.db'}"]
        self._process = Process(command, folder / "turn.log", environment=SERVER_ENVIRONMENT, folder=folder)
        self._process.wait_until(lambda: answers_on_tcp(self.port), START_SECONDS, "coturn being ready")

    def _make_secrets(self, folder: Path) -> Path:
        command = [sys.executable, "deploy/make_secrets.py", f"--folder={folder / 'secrets'}"]
        command += ["--email-url=smtp://mail.example", f"--public-ip={self.relay_address}"]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        return folder / "secrets" / "turnserver.conf"

    def log(self) -> str:
        """All that it has said."""
        return self._process.log.read_text()

    def stop(self) -> None:
        """Ends the server."""
        self._process.stop()
