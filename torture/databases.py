"""The database under test: an SQLite file, or a database of a PostgreSQL server; and what can befall it."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine, text

from monitor.storage.engine import open_engine, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database; `server` is the PostgreSQL server that is ours to stop, if it is."""

    url: str
    server: Server | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """A consistent look at what it holds."""
        engine = open_engine(self.url)
        try:
            with reading(engine) as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold what every writer needs."""
        if self.is_sqlite:
            connection = sqlite3.connect(
                self.url.removeprefix("sqlite:///"), timeout=15, isolation_level=None
            )
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield
            finally:
                connection.close()
        else:
            with self._administered() as engine, engine.connect() as other:
                other.execute(text("BEGIN"))
                other.execute(text("LOCK TABLE feeds, meta, deliveries IN EXCLUSIVE MODE"))
                yield
                other.execute(text("ROLLBACK"))

    def end_backends(self) -> int:
        """End every session of PostgreSQL on this database but our own; how many there were."""
        query = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with self._administered() as engine, engine.connect() as other:
            return int(other.execute(text(query)).scalar_one())

    @contextmanager
    def _administered(self) -> Iterator[Engine]:
        engine = open_engine(self.url).execution_options(isolation_level="AUTOCOMMIT")
        try:
            yield engine
        finally:
            engine.dispose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server of our own, which may be stopped as a power cut would."""

    programs: Path
    folder: Path
    user: str

    @property
    def url(self) -> str:
        return f"postgresql://{self.user}@/postgres?host={self.folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=on -c max_connections=40"
        self._run(
            "pg_ctl",
            "-w",
            "-D",
            str(self.folder / "data"),
            "-l",
            str(self.folder / "log"),
            "-o",
            options,
            "start",
        )

    def stop(self, mode: str) -> None:
        """Stop: "fast" in good order, "immediate" as a crash."""
        self._run("pg_ctl", "-w", "-D", str(self.folder / "data"), "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        # A server refuses to run as root.
        subprocess.run(
            [str(self.programs / program), *arguments],
            user=self.user,
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def find_programs() -> Path | None:
    """Where the programs of a PostgreSQL server are; None where there is none."""
    found = shutil.which("pg_ctl")
    folders = (
        [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((one for one in folders if (one / "initdb").exists()), None)


@contextmanager
def own_server(folder: Path, programs: Path) -> Iterator[Server]:
    """A server for as long as the block runs; its data lie in a folder that is ours alone."""
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    folder.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    server = Server(programs=programs, folder=folder, user=user)
    server._run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", user, "--no-sync")
    server.start()
    try:
        yield server
    finally:
        server.stop("immediate")


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """A new SQLite file."""
    yield Database(url=f"sqlite:///{folder}/torture.db")


@contextmanager
def postgresql_database(server_url: str, server: Server | None) -> Iterator[Database]:
    """A new database of a server, dropped at the end."""
    name = f"entente_torture_{uuid4().hex[:12]}"
    engine = open_engine(server_url)
    url = engine.url.set(database=name).render_as_string(hide_password=False)
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    yield Database(url=url, server=server)
    if server is None:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()
