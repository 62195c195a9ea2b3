"""A PostgreSQL that only one measurement or test session uses: in a temporary folder, on a socket, gone at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config.errors import Problem

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
STARTS_WITHIN = 30.0  # seconds


class NoPostgres(Problem):
    """PostgreSQL's server is not installed or cannot run here; the text says what is missing."""

    slug = "no-postgresql"
    status = 501


@dataclass(frozen=True)
class Postgres:
    """A running private cluster; connections go over its socket as user postgres."""

    folder: Path
    programs: Path

    def url(self, name: str) -> str:
        """SQLAlchemy URL of one of its databases."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def run(self, statement: str, name: str = "postgres") -> None:
        """One statement outside a transaction."""
        with psycopg.connect(host=str(self.folder), user="postgres", dbname=name, autocommit=True) as connection:
            connection.execute(statement.encode())


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs, "" when there is none. Debian keeps the server's out of PATH."""
    found = [path for folder in FOLDERS for path in Path("/").glob(f"{folder[1:]}/{name}")]
    return shutil.which(name) or (str(max(found)) if found else "")


@contextmanager
def own_postgres(settings: dict[str, str], within: str | None = None) -> Iterator[Postgres]:
    """A fresh cluster without durability, in a folder `within` another one (none: where temporary files are);
    `settings` are those of postgresql.conf. Raises NoPostgres.

    As root it runs as user postgres, for PostgreSQL refuses root.
    """
    server = program("postgres")
    if not server:
        raise NoPostgres("postgres is not installed.")
    programs, user = Path(server).parent, _user()
    with tempfile.TemporaryDirectory(prefix="suar-pg-", dir=within, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user, user)
        data = folder / "data"
        made: list[str | Path] = [
            programs / "initdb",
            "--no-sync",
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "-D",
            data,
        ]
        subprocess.run(made, check=True, capture_output=True, user=user, cwd=folder)
        wanted = {"listen_addresses": "", "fsync": "off", **settings}
        options = [word for key, value in wanted.items() for word in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *options],
                user=user, stdout=log, stderr=log, start_new_session=True, cwd=folder,
            )  # fmt: skip
        cluster = Postgres(folder, programs)
        try:
            _wait(cluster, process)
            yield cluster
        finally:
            process.send_signal(signal.SIGINT)  # a fast shutdown: it waits for no connection that was left open
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise NoPostgres("PostgreSQL refuses root and there is no user postgres.") from None


def _wait(cluster: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        if (cluster.folder / "data" / "postmaster.pid").exists() and _answers(cluster):
            return
        time.sleep(0.05)
    raise NoPostgres("PostgreSQL did not start within half a minute.")


def _answers(cluster: Postgres) -> bool:
    try:
        cluster.run("SELECT 1")
    except psycopg.OperationalError:  # it is starting: asked again until the deadline
        return False
    return True
