"""The tables of the bot's database, opened and closed together."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from bot.domain.recipe import signed_text
from bot.domain.signature import SigningKey
from bot.storage.audit import AuditTable
from bot.storage.boards import BoardTable
from bot.storage.breakdowns import BreakdownTable
from bot.storage.charges import ChargeTable
from bot.storage.database import Database
from bot.storage.deferrals import DeferralTable
from bot.storage.deletions import DeletionTable
from bot.storage.erasure_orders import ErasureOrders
from bot.storage.file_references import FileTable
from bot.storage.forms import FormTable
from bot.storage.generations import GenerationTable
from bot.storage.guilds import GuildTables
from bot.storage.hints import HintTable
from bot.storage.installation_table import MachineTables
from bot.storage.jobs import JobTable
from bot.storage.lineage import LineageTable
from bot.storage.personal_data import PersonalTables
from bot.storage.places import PlaceTable
from bot.storage.quarantine import Quarantine
from bot.storage.records import Records
from bot.storage.rules import RuleTable
from bot.storage.sources import SourceStore
from bot.storage.styles import StyleTable
from bot.storage.takeovers import TakeoverTable
from bot.storage.trash import TrashTable
from bot.storage.usage import UsageTable


class Store:
    """What the bot remembers.

    Attributes:
        database: The connection under all tables.
        jobs: What was asked for and what became of it, and where drawing is paused.
        generations: The finished images.
        deletions: Which messages show them, and which of them have still to be removed.
        trash: Which of the deleted ones can be brought back.
        breakdowns: What was being drawn when something broke.
        places: The channels and threads in which they were made.
        lineage: How the finished images come from one another.
        machine: The key that signs recipes; the models that drew here, and how fast.
        boards: Mood boards and what hangs on them; the copies lie beside the database.
        styles: The styles of guilds.
        takeovers: What somebody may draw of what the files of other tools say.
        key: What signs recipes; None while the database is closed, and in one that only is looked
            into and was never started with.
        files: Which files the rows name.
        quarantine: Where files are moved that no row names.
        records: What the files of pictures do not tell, beside them.
        forms: Forms that were opened.
        hints: Hints that were given.
        deferrals: Answers that were deferred and not given yet.
        rules: The rules of servers.
        charges: What members had drawn, against their quotas.
        usage: How much is drawn and refused.
        personal: All that the tables know of a person.
        guilds: All that they know of a guild, and which of them the bot left.
        erasure_orders: Orders to erase what is known of somebody.
        sources: The pictures that images are made from.
        audit: What moderators did and have to decide.

    """

    def __init__(
        self, path: Path, *, images: Path, quarantine_days: int = 30, data: Path | None = None
    ) -> None:
        """Remember where the database and the image files are.

        `data` is the folder of everything else, by default the database's own.
        """
        data = data or path.parent
        self.database = Database(path, backups=path.parent / "backups")
        self.images = images
        self.jobs = JobTable(self.database)
        self.generations = GenerationTable(self.database, images=images)
        self.deletions = DeletionTable(self.database)
        self.breakdowns = BreakdownTable(self.database)
        self.places = PlaceTable(self.database)
        self.lineage = LineageTable(self.database, path_of=self.generations.image_path)
        self.machine = MachineTables(self.database)
        self.boards = BoardTable(self.database, folder=data / "boards")
        self.trash = TrashTable(self.database, boards=self.boards)
        self.styles = StyleTable(self.database)
        self.takeovers = TakeoverTable(self.database)
        self.forms = FormTable(self.database)
        self.hints = HintTable(self.database)
        self.deferrals = DeferralTable(self.database)
        self.rules = RuleTable(self.database)
        self.charges = ChargeTable(self.database)
        self.usage = UsageTable(self.database)
        self.personal = PersonalTables(self.database)
        self.guilds = GuildTables(self.database)
        self.erasure_orders = ErasureOrders(data)
        self.sources = SourceStore(self.database, folder=data / "sources")
        self.audit = AuditTable(self.database)
        self.key: SigningKey | None = None
        self.files = FileTable(self.database)
        self.records = Records(data)
        self.quarantine = Quarantine(data, days=quarantine_days)

    async def __aenter__(self) -> Self:
        """Open the database and bring it to this program's version.

        Raises:
            DatabaseError: It is damaged, locked, unwritable, or of a newer version.

        """
        await self.database.open()
        try:
            self.key = await self.machine.make_signing_key()
        except BaseException:
            await self.database.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the database."""
        await self.database.close()

    @contextlib.asynccontextmanager
    async def to_read(self) -> AsyncIterator[Self]:
        """Open the database only to look into it, beside a bot that may be at work on it.

        Raises:
            DatabaseError: There is none, or it is of another version.

        """
        await self.database.open(to_read=True)
        try:
            self.key = await self.machine.signing_key()
            yield self
        finally:
            await self.database.close()

    async def forget_old(self) -> None:
        """Forget forms, offers and the like whose time is over, also where no new one comes."""
        for table in (self.forms, self.takeovers, self.breakdowns, self.charges):
            await table.forget_old()

    def signed(self, recipe: str) -> str:
        """Return the recipe of an image made here with the signature that proves it."""
        return recipe if self.key is None else signed_text(recipe, self.key)

    def image_path(self, pixel_sha256: str) -> Path:
        """Return where the file with these pixels is, or would be."""
        return self.generations.image_path(pixel_sha256)
