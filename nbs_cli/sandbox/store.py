"""The sandbox's memory: one SQLite file that many threads and processes may share, or none at all."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
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


_ENDING = threading.RLock()  # taken anew by a collection in the middle of it


class _Connection(sqlite3.Connection):
    """A connection that can be referred to weakly, and closes when its thread is gone."""

    def __del__(self) -> None:
        self.end()  # Python 3.13 warns of one that is left to the collector

    def end(self) -> None:
        """Close, once: its thread may end while the store is closed, and SQLite does not bear two at it."""
        with _ENDING, suppress(sqlite3.ProgrammingError):  # it was never opened
            self.close()


class Store:
    """Transactions on the state at path `state`, private to its owner (0600); ":memory:" keeps it in this process.

    Every thread has a connection of its own; in memory there is a single one, which threads take in turns.
    Raises OSError where the file cannot be made, sqlite3.Error where it is not a database.
    """

    def __init__(self, state: str) -> None:
        self._path = state
        self._local = threading.local()
        self._turns = threading.RLock()
        self._open: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._shared: _Connection | None = None
        self._glancing: _Connection | None = None
        if state == MEMORY:
            self._shared = self._connect()
        else:
            _create_private(Path(state))
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
        """Whether *query* gives a row: a glance over one connection for all, since some threads live but briefly."""
        with self._turns:
            if self._glancing is None:
                self._glancing = self._shared or self._connect()
            return self._glancing.execute(query).fetchone() is not None

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in list(self._open):
            connection.end()
        self._local = threading.local()
        self._glancing = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        if self._shared is None:
            with _transaction(self._of_this_thread(), begin) as db:
                yield db
        else:
            with self._turns, _transaction(self._shared, begin) as db:
                yield db

    def _of_this_thread(self) -> _Connection:
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _connect(self) -> _Connection:
        # Threads do not share connections (but the one in memory, under a lock); close() may come from any of them.
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")
        if self._path != MEMORY:
            _use_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        self._open.add(connection)
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
