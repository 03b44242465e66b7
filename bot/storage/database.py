"""SQLite, one connection that writes and one that reads: transactions, migrations, backups."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiosqlite

from bot.storage.backups import make_backup
from bot.storage.database_checks import (
    MIGRATIONS,
    DatabaseError,
    refuse_a_lost_database,
    refuse_a_newer_version,
    restore_command,
    scripts_in,
)
from bot.storage.search_index import index_words

logger = logging.getLogger(__name__)

_REASONS: Final = {
    sqlite3.SQLITE_BUSY: "another program is writing to it",
    sqlite3.SQLITE_LOCKED: "another program is writing to it",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it may only be read",
    sqlite3.SQLITE_CANTOPEN: "this user may not open it",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged",
}
_ERASING_SINCE: Final = 27  # the version from which on deleted content is overwritten
_BUSY_MS: Final = 2_000  # within the 3 s in which Discord wants an answer


class Database:
    """The connections; writes are transactions, one after the other.

    Questions are asked on a connection of their own, so they never see what is written and not
    kept yet; only inside a transaction does its own task see what it wrote.
    """

    def __init__(self, path: Path, *, backups: Path, migrations: Path = MIGRATIONS) -> None:
        """Remember where the database, its backups and its migrations are."""
        self._path = path
        self._backups = backups
        self._migrations = migrations
        self._connection: aiosqlite.Connection | None = None
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[object] | None = None  # whose transaction is open
        self._reading_connection: aiosqlite.Connection | None = None
        self._reading = asyncio.Lock()
        self._reader: asyncio.Task[object] | None = None  # whose snapshot is open

    async def open(self, *, to_read: bool = False) -> None:
        """Connect, check, and bring the database to this program's version.

        Args:
            to_read: Only look into it, beside a bot that may be at work on it.

        Raises:
            DatabaseError: It is damaged, locked, unwritable, or of a newer version.

        """
        try:
            if to_read:
                await self._open_to_read()
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(refuse_a_lost_database, self._path)
            self._connection = await aiosqlite.connect(self._path, isolation_level=None)
            await self._prepare()
            self._reading_connection = await self._connect_to_read()
        except sqlite3.OperationalError as error:
            await self.close()
            raise DatabaseError(
                f"The database {self._path} cannot be used ({_why(error)}): check the disk and its "
                "permissions, and that no other program holds it."
            ) from error
        except sqlite3.DatabaseError as error:
            await self.close()
            raise self._damaged(str(error)) from error
        except OSError as error:
            await self.close()
            raise DatabaseError(
                f"The database {self._path} cannot be used ({error.strerror or error}): check "
                "the disk and its permissions."
            ) from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connections; the one that writes last, as that tidies the files up."""
        opened = self._reading_connection, self._connection
        self._reading_connection = self._connection = None
        for connection in opened:
            if connection is not None:
                await connection.close()

    @property
    def _db(self) -> aiosqlite.Connection:
        return self._opened(self._connection)

    @property
    def _questions(self) -> aiosqlite.Connection:
        return self._opened(self._reading_connection or self._connection)

    def _opened(self, connection: aiosqlite.Connection | None) -> aiosqlite.Connection:
        if connection is None:
            raise DatabaseError(f"The database {self._path} is closed: the bot is stopping.")
        return connection

    async def _open_to_read(self) -> None:
        await asyncio.to_thread(refuse_a_lost_database, self._path)
        if not self._path.is_file():
            raise DatabaseError(f"There is no database {self._path}: no bot ever worked there.")
        self._reading_connection = await self._connect_to_read()
        version = int((await _fetched(self._questions, "PRAGMA user_version", ()))[0][0])
        newest = max(self._scripts())
        refuse_a_newer_version(self._path, version, newest=newest)
        if version < newest:
            raise DatabaseError(
                f"The database {self._path} has version {version}, this program knows {newest}: "
                "start the bot of this version once."
            )

    async def _connect_to_read(self) -> aiosqlite.Connection:
        address = f"{self._path.resolve().as_uri()}?mode=ro"
        connection = await aiosqlite.connect(address, isolation_level=None, uri=True)
        connection.row_factory = aiosqlite.Row
        await connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        return connection

    def _scripts(self) -> dict[int, Path]:
        return scripts_in(self._migrations)

    async def _prepare(self) -> None:
        self._db.row_factory = aiosqlite.Row
        await self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        await self._db.execute("PRAGMA journal_mode = WAL")
        # FULL: an acknowledged job survives a power cut, not only a crash.
        await self._db.execute("PRAGMA synchronous = FULL")
        await self._db.execute("PRAGMA foreign_keys = ON")
        await self._db.execute("PRAGMA secure_delete = ON")  # what is erased leaves no bytes
        await self._check()
        await self._db.create_function("index_words", 1, index_words, deterministic=True)
        await self._migrate()

    async def _check(self) -> None:
        """Refuse to write into a damaged database: what is left of it may be all there is."""
        for row in await self.rows("PRAGMA quick_check(1)"):
            if row[0] != "ok":
                raise self._damaged(str(row[0]).splitlines()[0])

    def _damaged(self, reason: str) -> DatabaseError:
        return DatabaseError(
            f"The database {self._path} is damaged ({reason}): run "
            f"`{restore_command(self._path.parent)}`, which puts the newest good copy in its place "
            "and deletes nothing."
        )

    async def _migrate(self) -> None:
        """Run the migrations that are new, and note the version, in one transaction."""
        scripts = self._scripts()
        version = int((await self.rows("PRAGMA user_version"))[0][0])
        refuse_a_newer_version(self._path, version, newest=max(scripts))
        missing = [number for number in sorted(scripts) if number > version]
        if not version and await self.rows("SELECT 1 FROM sqlite_master"):
            raise self._damaged("its tables are not this program's")
        if version and missing:
            await self.back_up()
        if missing:
            sql = "\n".join(scripts[number].read_text(encoding="utf-8") for number in missing)
            await self._db.executescript(
                f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {missing[-1]};\nCOMMIT;"
            )
        if 0 < version < _ERASING_SINCE <= max(scripts):
            await self._db.execute("VACUUM")  # what was deleted before left bytes behind

    async def empty_log(self) -> bool:
        """Empty the `-wal` file, which keeps pages as they were; False while somebody reads it."""
        async with self._writing, self._reading:
            [row] = await _fetched(self._db, "PRAGMA wal_checkpoint(TRUNCATE)", ())
        return not row[0]

    async def back_up(self) -> Path:
        """Write a copy of the whole database while it is used, and return its path."""
        return await asyncio.to_thread(make_backup, self._path, self._backups)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """Run a transaction: all of it is kept, or nothing.

        Raises:
            DatabaseError: The disk is full, or the database is locked or damaged.

        """
        async with self._writing:
            self._writer = asyncio.current_task()
            try:
                await self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                await self._db.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back itself
                    await self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    self._tell_if_damaged(error)
                    raise DatabaseError(
                        f"The database could not be written ({_why(error)}): try again in a minute."
                    ) from error
                raise
            finally:
                self._writer = None

    @contextlib.asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Let several queries of this task see one state of the database."""
        async with self._reading:
            self._reader = asyncio.current_task()
            try:
                await self._questions.execute("BEGIN")
                yield
            finally:
                self._reader = None
                with contextlib.suppress(sqlite3.Error):  # it may not have begun
                    await self._questions.execute("ROLLBACK")  # nothing was written

    async def rows(self, sql: str, *values: object) -> list[aiosqlite.Row]:
        """Return what a query finds: what is kept, and in a transaction what its task wrote.

        Raises:
            DatabaseError: The database is locked or damaged.

        """
        asking = asyncio.current_task()
        if asking is self._writer:  # the transaction turns errors into sentences
            return await _fetched(self._db, sql, values)
        if self._reading_connection is None:  # `open` does, while it prepares
            return await _fetched(self._questions, sql, values)
        try:
            return await self._asked(asking, sql, values)
        except sqlite3.Error as error:
            self._tell_if_damaged(error)
            raise DatabaseError(
                f"The database could not be read ({_why(error)}): try again in a minute."
            ) from error

    def _tell_if_damaged(self, error: sqlite3.Error) -> None:
        """Log for the operator what repairs a broken file; users are only told that it is."""
        if type(error) is sqlite3.DatabaseError:  # none of its kinds: the file is broken
            logger.error(self._damaged(str(error)).message)

    async def _asked(
        self, asking: asyncio.Task[object] | None, sql: str, values: tuple[object, ...]
    ) -> list[aiosqlite.Row]:
        if asking is self._reader:
            return await _fetched(self._questions, sql, values)
        async with self._reading:  # a snapshot of another task is of an older moment
            return await _fetched(self._questions, sql, values)


def _why(error: sqlite3.Error) -> str:
    """Return what is known of an error in words that need no book about SQLite."""
    kind = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of it says which one of a kind
    return _REASONS.get(kind, str(error))


async def _fetched(
    connection: aiosqlite.Connection, sql: str, values: tuple[object, ...]
) -> list[aiosqlite.Row]:
    # Three visits to the connection's thread. `execute_fetchall` takes one and does not close its
    # cursor: with it, a restart now and then found the file still locked.
    async with connection.execute(sql, values) as cursor:
        return list(await cursor.fetchall())
