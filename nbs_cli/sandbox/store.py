"""The sandbox's memory: one SQLite file that many threads and processes may share, or none at all."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = ":memory:"
VERSION = 2  # of the schema
PATIENCE = 30.0  # seconds that a writer waits for the others

# `due` is the moment (seconds, the sandbox's clock) at which `status` becomes `upcoming`; 'gone' takes the row away.
SCHEMA = """
CREATE TABLE IF NOT EXISTS volumes (
    id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, region TEXT NOT NULL, user_id TEXT NOT NULL,
    name TEXT, description TEXT, size INTEGER NOT NULL, status TEXT NOT NULL, zone TEXT NOT NULL,
    type_id TEXT NOT NULL, snapshot_id TEXT, source_volid TEXT, metadata TEXT NOT NULL DEFAULT '{}',
    bootable TEXT NOT NULL DEFAULT 'false', created_at TEXT NOT NULL, updated_at TEXT,
    due REAL, upcoming TEXT,
    server_id TEXT, attachment_id TEXT, attached_at TEXT
);
CREATE INDEX IF NOT EXISTS volumes_in_order ON volumes (tenant_id, region, created_at, id);
CREATE INDEX IF NOT EXISTS volumes_due ON volumes (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS snapshots (
    id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, region TEXT NOT NULL, user_id TEXT NOT NULL,
    volume_id TEXT NOT NULL, name TEXT, description TEXT, size INTEGER NOT NULL, status TEXT NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}', created_at TEXT NOT NULL, updated_at TEXT,
    due REAL, upcoming TEXT
);
CREATE INDEX IF NOT EXISTS snapshots_in_order ON snapshots (tenant_id, region, created_at, id);
CREATE INDEX IF NOT EXISTS snapshots_of_volume ON snapshots (volume_id);
CREATE INDEX IF NOT EXISTS snapshots_due ON snapshots (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS images (
    id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    disk_format TEXT NOT NULL, container_format TEXT NOT NULL, visibility TEXT NOT NULL, protected INTEGER NOT NULL,
    created REAL NOT NULL, saving REAL NOT NULL, active REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tokens (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, tenant_id TEXT, expires REAL NOT NULL);
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT, fault TEXT NOT NULL,
    seen INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS clock (offset REAL NOT NULL);
"""
TABLES = ("volumes", "snapshots", "images", "tokens", "faults", "clock")
# what a state of an older version lacks or has too much; `born` is the moment of a create, with its fraction
ADDED = (("volumes", "born", "REAL"), ("snapshots", "born", "REAL"))
DROPPED = ("failures",)


class Store:
    """Transactions on the state at path `state`, private to its owner (0600); ":memory:" keeps it in this process.

    A transaction borrows a connection that nobody uses, or a new one (a server's threads are many and live briefly); in
    memory there is a single one, which threads take in turns.
    Raises OSError where the file cannot be made, sqlite3.Error where it is not a database.
    """

    def __init__(self, state: str) -> None:
        self._path = state
        self._turns = threading.RLock()
        self._idle: list[sqlite3.Connection] = []
        self._closings = 0  # how often the store was closed: what was lent before is closed when it comes back
        if state != MEMORY:
            _create_private(Path(state))
        self._shared = self._connect() if state == MEMORY else None
        with self.read() as db:
            made = db.execute("PRAGMA user_version").fetchone()[0] == VERSION
        if not made:
            self._make()

    def _make(self) -> None:
        with self.write() as db:
            for statement in SCHEMA.split(";"):  # executescript() would end the transaction
                db.execute(statement)
            for table, column, kind in ADDED:
                if column not in {row["name"] for row in db.execute(f"PRAGMA table_info({table})")}:
                    db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
            for table in DROPPED:
                db.execute(f"DROP TABLE IF EXISTS {table}")
            db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that sees one moment's state; nothing may be written through it."""
        with self._transaction("BEGIN") as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that is the only writer until the block ends; an exception takes every change back."""
        with self._transaction("BEGIN IMMEDIATE") as db:
            yield db

    def finds(self, query: str) -> bool:
        """Whether *query* gives a row: a glance, without a transaction around it."""
        with self._borrowed() as db:
            return db.execute(query).fetchone() is not None

    def close(self) -> None:
        """Close every connection; one that is lent at this moment closes when it comes back."""
        with self._turns:
            self._closings += 1
            idle, self._idle = self._idle, []
        for connection in (*idle, *filter(None, [self._shared])):
            connection.close()

    def __del__(self) -> None:
        """Close what is left: Python 3.13 warns of a connection that the collector finds open."""
        with suppress(AttributeError):  # it was never made
            self.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._borrowed() as connection, _transaction(connection, begin) as db:
            yield db

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        if self._shared is not None:
            with self._turns:
                yield self._shared
            return
        with self._turns:
            closings = self._closings
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            with self._turns:
                wanted = closings == self._closings
                if wanted:
                    self._idle.append(connection)
            if not wanted:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        # No two threads use a connection at once; the one that made it may not be the one that closes it.
        connection = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
        if self._path != MEMORY:
            _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[sqlite3.Connection]:
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself may have ended it, on a full disk for one
            connection.execute("ROLLBACK")
        raise


def _create_private(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):  # private from birth: SQLite would create it 0644 and give its WAL the same mode
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _use_wal(connection: sqlite3.Connection) -> None:
    # Processes that switch a new file to WAL at once get "locked" at once: SQLite does not wait here.
    deadline = time.monotonic() + PATIENCE
    while not _switched(connection, last=time.monotonic() > deadline):
        time.sleep(0.01)


def _switched(connection: sqlite3.Connection, *, last: bool) -> bool:
    try:
        connection.execute("PRAGMA journal_mode = WAL").close()
    except sqlite3.OperationalError:
        if last:
            raise
        return False
    return True
