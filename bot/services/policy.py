"""Everything that rules say of jobs and texts, asked at one place before and one after drawing."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

from PIL import Image

from bot.domain.batches import Batch, BatchKind
from bot.domain.jobs import Job
from bot.domain.picture_score import PictureScore
from bot.domain.plain_text import quoted
from bot.domain.requests import CONTROL, Axis, ImageRequest, Quality, Size
from bot.domain.rules import (
    ALLOW,
    ASK,
    OFF,
    REFUSE,
    SENDER,
    SPOILER,
    Decision,
    Entry,
    Layer,
    Limit,
    QuotaError,
    Scene,
    cost_of,
    rule_named,
)
from bot.domain.rules.quota import DAY, HOUR, IMAGE, MONTH, shown_moment
from bot.domain.styles import Style
from bot.domain.words import FoundWord, WordFilter, WordListError, built_in, parse_list
from bot.environment.text_files import NotTextError, decode
from bot.errors import BotError, InvalidRequestError, SettingsError
from bot.services.operator_rules import read_rules_file
from bot.services.picture_check import PictureCheck
from bot.services.rules import Rules
from bot.settings import Settings
from bot.storage.charges import Bill

logger = logging.getLogger(__name__)

PROMPT_NOUN: Final = "prompt"
ASK_AGAIN: Final = (
    "The rules have changed: a moderator has to look at this prompt first, so ask for it again."
)
_FILTERS: Final = 64  # lists of servers that are kept ready
PERCENT: Final = 100
_USUAL_THRESHOLD: Final = 80  # percent; see docs/decisions/0017-picture-check.md
_WINDOWS: Final = {"hour": HOUR, "day": DAY, "month": MONTH}


class UnwantedWordError(InvalidRequestError):
    """A text has a word that is not taken here.

    Attributes:
        entry_id: Of the audit table, where it was written down; it can be appealed against.

    """

    entry_id: int | None = None

    rule = "words"

    def __init__(self, noun: str, found: FoundWord) -> None:
        """Say which text it is, and which word."""
        word = quoted(found.entry.written)
        super().__init__(
            f"The {noun} has a word that is not wanted here ({word}): leave it out."
            if found.is_certain
            else f"The {noun} took too long to look through for {word}: write it shorter."
        )


class RefusedHereError(InvalidRequestError):
    """A rule of the server, or of the bot, does not allow it here.

    Attributes:
        entry_id: 0 where a moderator decided so, who can be asked for another decision.

    """

    entry_id: int | None = None

    def __init__(self, rule: str, message: str) -> None:
        """Keep the sentence, and which rule it was."""
        super().__init__(message)
        self.rule = rule


class UnsuitablePictureError(InvalidRequestError):
    """The check of pictures found one that is not shown here."""

    rule = "pictures"

    def __init__(self, score: PictureScore, threshold: float, advice: str) -> None:
        """Say how certain it is, how certain it may be, and what to do."""
        super().__init__(
            f"The picture check found it unsuitable ({score.unsafe:.2f}, and {threshold:.2f} is "
            f"the limit): {advice}."
        )


RULE_ERRORS: Final = (UnwantedWordError, UnsuitablePictureError, RefusedHereError, QuotaError)


@dataclass(frozen=True, kw_only=True)
class PictureVerdict:
    """What the check of pictures says of those of a job.

    Attributes:
        scores: By their places in the job; empty where pictures are not checked.
        refused: Why some of them are not shown, by their places.
        is_spoiler: Whether they have to be hidden until they are clicked.
        hold: Why a moderator has to look at them first, as one sentence for moderators; or None.

    """

    scores: Mapping[int, PictureScore] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    is_spoiler: bool = False
    hold: str | None = None

    def applied_to(self, job: Job) -> Job:
        """Return a job with what its requester will be told and how its images will be shown."""
        why = next(iter(self.refused.values()), None)
        job = replace(job, spoiler=job.spoiler or self.is_spoiler, error=job.error or why)
        return job if self.hold is None else replace(job, held_why=self.hold, approved_by=None)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What becomes of a job that may be drawn.

    Attributes:
        spoiler: Whether its images are hidden until they are clicked.
        hold: Why a moderator has to look at it first, as one sentence for moderators; or None.
        bill: What it costs.

    """

    spoiler: bool
    hold: str | None
    bill: Bill


class Policy:
    """What may be done, by whom, and where: every part of the bot asks here.

    A negative prompt is not looked at: it says what nobody wants to see.
    """

    def __init__(self, rules: Rules, usual: Size, check: PictureCheck) -> None:
        """`usual` is the size of the model, by which quotas count."""
        self._rules = rules
        self._check = check
        self._usual = usual
        self._filter = functools.lru_cache(_FILTERS)(_filter)

    def check_use(self, action: str, scene: Scene) -> None:
        """Refuse something that somebody may not do here.

        Raises:
            RefusedHereError: They may not; the sentence tells whom to ask or until when it holds.

        """
        decision = self._rules.decide(f"use.{action}", scene)
        if decision.value != ALLOW:
            error = RefusedHereError(decision.rule.name, _use_sentence(action, decision))
            if decision.entry is not None and decision.entry.layer is Layer.MEMBER:
                error.entry_id = 0
            raise error

    async def admit(
        self,
        requests: Sequence[ImageRequest],
        scene: Scene,
        *,
        action: str = "imagine",
        batch: Batch | None = None,
    ) -> Admission:
        """Return what becomes of a job.

        Raises:
            RefusedHereError: It may not be drawn here, or not for them.
            UnwantedWordError: One of the prompts is not drawn here at all.

        """
        self.check_use(action, scene)
        if batch is not None:
            self.check_batch(batch.kind, len(requests), scene)
        self._check_limits(requests, scene)
        measure, found = await self._look_at(requests, scene)
        if found and measure == REFUSE:
            raise UnwantedWordError(PROMPT_NOUN, next(iter(found.values())))
        words = ", ".join(dict.fromkeys(quoted(each.entry.written) for each in found.values()))
        return Admission(
            spoiler=(bool(found) and measure == SPOILER) or self.hides(scene),
            hold=f"Its prompt has {words}." if found and measure == ASK else None,
            bill=self._bill(requests, scene),
        )

    def check_batch(self, kind: BatchKind, count: int, scene: Scene) -> None:
        """Refuse braces or a file that ask for too many images, before any request is made.

        Raises:
            RefusedHereError: They do; the sentence says how many are allowed.

        """
        rule = rule_named("max_batch")
        most = self._rules.value(rule.name, scene)
        most = most if isinstance(most, int) else rule.most
        if count > most:
            what = kind if kind is BatchKind.COMBINATIONS else f"{kind} at once"
            raise RefusedHereError(
                rule.name, f"{count} {what} are too many here: {most} are allowed."
            )

    def cost(self, requests: Sequence[ImageRequest]) -> int:
        """Return what images cost of a quota, in thousandths of a usual one."""
        return sum(cost_of(each, self._usual) for each in requests)

    async def refusal(self, job: Job, index: int) -> str | None:
        """Return why an image that is about to begin may not be drawn any more, in a sentence.

        The rules of the moment count, not those of when it was asked for; of words, a moderator's
        approval goes before them.
        """
        scene, requests = job.origin.scene, job.requests[index : index + 1]
        is_approved = job.approved_by is not None
        while True:
            book = self._rules.book(scene.guild_id)
            try:
                self.check_use(_action_of(job), scene)
                self._check_limits(requests, scene)
                measure, found = await self._look_at(requests, scene)
            except BotError as error:
                return error.message
            if book is self._rules.book(scene.guild_id):  # nothing changed meanwhile
                break
        if found and not is_approved:
            if measure == REFUSE:
                return UnwantedWordError(PROMPT_NOUN, found[0]).message
            if measure == ASK:
                return ASK_AGAIN
        return None

    async def hides_image(self, job: Job, index: int) -> bool:
        """Tell whether an image that is about to begin is to be hidden until it is clicked."""
        scene = job.origin.scene
        if self.hides(scene):
            return True
        if self._rules.value("words", scene) != SPOILER:
            return False
        measure, found = await self._look_at(job.requests[index : index + 1], scene)
        return bool(found) and measure == SPOILER

    async def check_texts(self, texts: Mapping[str, object], scene: Scene) -> None:
        """Refuse names, captions and comments with unwanted words; others read them unasked.

        Args:
            texts: What each of them is called -> the text, or several; what is empty is skipped.
            scene: Who wrote them, and where.

        Raises:
            UnwantedWordError: One of them has one.

        """
        if self._rules.value("words", scene) == OFF:
            return
        words = self._words(scene)
        for noun, given in texts.items():
            for text in [given] if isinstance(given, str) else _several(given):
                found = await asyncio.to_thread(words.find, text)
                if found is not None:
                    raise UnwantedWordError(noun, found)

    # Pictures

    def checks_pictures(self, scene: Scene) -> bool:
        """Tell whether pictures are looked at before they are shown."""
        return self._rules.value("pictures", scene) != OFF

    async def check_pictures(self, job: Job, pictures: Mapping[int, Image.Image]) -> PictureVerdict:
        """Return what may become of pictures of a job, each under its place among the requests.

        Raises:
            PictureCheckError: One could not be checked: none of them may be shown.

        """
        scene = job.origin.scene
        measure, threshold = self._rules.value("pictures", scene), self._threshold(scene)
        if measure == OFF:
            return PictureVerdict()
        scores = {i: await self._check.score(each) for i, each in sorted(pictures.items())}
        unsafe = [i for i, score in scores.items() if score.reaches(threshold)]
        for i in unsafe:
            logger.info("Image %d of job %s: %s: %s", i + 1, job.id, measure, scores[i])
        if measure == SPOILER:
            return PictureVerdict(scores=scores, is_spoiler=bool(unsafe))
        if measure == ASK:
            worst = max((scores[i].unsafe for i in unsafe), default=0.0)
            hold = f"The picture check found it unsuitable ({worst:.2f})." if unsafe else None
            return PictureVerdict(scores=scores, is_spoiler=bool(unsafe), hold=hold)
        refused = {i: self.unsuitable(scores[i], scene).message for i in unsafe}
        return PictureVerdict(scores=scores, refused=refused)

    async def check_upload(self, picture: Image.Image, scene: Scene) -> bool:
        """Return whether a picture that was handed in has to be hidden until it is clicked.

        Nobody can be asked about one that is nowhere yet: where moderators have to look first, it
        is refused.

        Raises:
            UnsuitablePictureError: It is not taken here at all.
            PictureCheckError: It could not be checked.

        """
        measure, threshold = self._rules.value("pictures", scene), self._threshold(scene)
        if measure == OFF:
            return False
        score = await self._check.score(picture)
        is_unsafe = score.reaches(threshold)
        if is_unsafe and measure != SPOILER:
            raise UnsuitablePictureError(score, threshold, "use another picture")
        return is_unsafe

    def unsuitable(self, score: PictureScore, scene: Scene) -> UnsuitablePictureError:
        """Return why an image that was drawn here is not shown."""
        advice = "try another seed, or other words"
        return UnsuitablePictureError(score, self._threshold(scene), advice)

    async def prepare(self) -> None:
        """Load what looks at pictures, if any server has that, before the first of them waits."""
        if self._rules.any_has("pictures", OFF):
            await self._check.prepare()

    def close(self) -> None:
        """Let go what looks at pictures."""
        self._check.close()

    def _threshold(self, scene: Scene) -> float:
        above = self._rules.value("pictures_above", scene)
        return (above if isinstance(above, int) else _USUAL_THRESHOLD) / PERCENT

    # What is asked for

    def allows_loras(self, scene: Scene) -> bool:
        """Tell whether images may be drawn with LoRAs here."""
        return self._rules.value("loras", scene) == ALLOW

    def language(self, scene: Scene) -> str | None:
        """Return the language of what everyone reads here; None where it is its requester's."""
        found = str(self._rules.value("language", scene))
        return None if found == SENDER else found

    def hides(self, scene: Scene) -> bool:
        """Tell whether images are hidden here until they are clicked."""
        return self._rules.value("spoiler", scene) != OFF

    def defaults(self, scene: Scene) -> Style:
        """Return what a request here takes from the rules where its requester chose nothing."""
        value = functools.partial(self._rules.value, scene=scene)
        return Style.of(
            after=str(value("default_style") or ""),
            size=cast("str | None", value("default_size")),
            quality=str(value("default_quality")),
        )

    def lets_make_styles(self, scene: Scene) -> bool:
        """Tell whether somebody who is no moderator may make styles for everyone here."""
        return self._rules.value("make_styles", scene) == ALLOW

    def limits(self, scene: Scene) -> tuple[Limit, ...]:
        """Return how much a member may have drawn."""
        carry = self._rules.value("quota_carry", scene)
        return self._limits("quota", scene, carry=carry if isinstance(carry, int) else 0)

    def server_limits(self, scene: Scene) -> tuple[Limit, ...]:
        """Return how much all members of a server together may have drawn."""
        return self._limits("total", scene)

    def pause_s(self, scene: Scene) -> int:
        """Return how many seconds have to lie between two jobs of a member; 0 is no slow mode."""
        found = self._rules.value("slow_mode", scene)
        return found if isinstance(found, int) else 0

    def _limits(self, prefix: str, scene: Scene, carry: int = 0) -> tuple[Limit, ...]:
        found = []
        for suffix, window in _WINDOWS.items():
            name = f"{prefix}_{suffix}"
            if name == "total_hour":
                continue
            value = self._rules.value(name, scene)
            if isinstance(value, int):
                found.append(
                    Limit(
                        name=name,
                        window=window,
                        cost=value * IMAGE,
                        carried=value * IMAGE * carry // 100,
                        is_server=prefix == "total",
                    )
                )
        return tuple(found)

    def _bill(self, requests: Sequence[ImageRequest], scene: Scene) -> Bill:
        return Bill(
            costs=tuple(cost_of(each, self._usual) for each in requests),
            member=self.limits(scene),
            server=self.server_limits(scene),
            pause_s=self.pause_s(scene),
        )

    def _check_limits(self, requests: Sequence[ImageRequest], scene: Scene) -> None:
        """Refuse images that are too large, too many, or of a kind that is not drawn here."""
        value = functools.partial(self._rules.value, scene=scene)
        most = value("max_count")
        if isinstance(most, int) and self._count(requests) > most:
            raise RefusedHereError(
                "max_count",
                f"{len(requests)} images at once are too many here: {most} are allowed.",
            )
        for each in requests:
            longest, allowed = max(each.size.width, each.size.height), value("max_side")
            if isinstance(allowed, int) and longest > allowed:
                raise RefusedHereError(
                    "max_side",
                    f"The size {each.size} is too large here: a side may have {allowed} pixels.",
                )
            _check_among("quality", each.quality.value, "qualities", value("qualities"))
            operations = [each.operation.kind.value, *([CONTROL] if each.control else [])]
            for operation in operations:
                _check_among("operation", operation, "operations", value("operations"))
            if each.adapters and not self.allows_loras(scene):
                raise RefusedHereError("loras", "LoRAs are not used here: ask for it without.")

    def _count(self, requests: Sequence[ImageRequest]) -> int:
        """Return how many images these count as: small drafts as the work that they are."""
        costs = [cost_of(each, self._usual) for each in requests]
        counted = [
            min(IMAGE, cost)
            if each.quality is Quality.DRAFT and each.size.pixels < self._usual.pixels
            else IMAGE
            for each, cost in zip(requests, costs, strict=True)
        ]
        return math.ceil(sum(counted) / IMAGE)

    async def _look_at(
        self, requests: Sequence[ImageRequest], scene: Scene
    ) -> tuple[str, dict[int, FoundWord]]:
        """Return what is done about words here, and the first of each request, by position."""
        measure = str(self._rules.value("words", scene))
        if measure == OFF:
            return measure, {}
        words, prompts = self._words(scene), dict.fromkeys(each.prompt for each in requests)
        found = await asyncio.to_thread(lambda: {each: words.find(each) for each in prompts})
        return measure, {
            i: word for i, each in enumerate(requests) if (word := found[each.prompt]) is not None
        }

    def _words(self, scene: Scene) -> WordFilter:
        lists = self._rules.value("word_lists", scene)
        own = self._rules.value("own_words", scene)
        return self._filter(
            None if lists is None else frozenset(cast("tuple[str, ...]", lists)),
            own if isinstance(own, tuple) else (),
        )


def operator_entries(settings: Settings) -> tuple[Entry, ...]:
    """Return the operator's rules: those of RULES_FILE, and what WORDS and PICTURES stand for.

    Raises:
        SettingsError: A file of theirs cannot be used, or says what a setting says, too.

    """
    path = settings.rules_file
    from_file = () if path is None else read_rules_file(path)
    named = {each.name for each in from_file}
    short = {
        f"WORDS={settings.words}": _word_entries(settings),
        f"PICTURES={settings.pictures}": _picture_entries(settings),
    }
    for setting, entries in short.items():
        if twice := named & {each.name for each in entries}:
            raise SettingsError(
                f"{setting} and the rule {min(twice)} of RULES_FILE '{path}' are about the same: "
                "leave one of them out."
            )
    return (*from_file, *(each for entries in short.values() for each in entries))


def _word_entries(settings: Settings) -> tuple[Entry, ...]:
    if settings.words == OFF:
        if settings.words_file is not None:
            logger.warning("WORDS_FILE is not read: set WORDS=refuse or WORDS=spoiler")
        return ()
    words = Entry(layer=Layer.OPERATOR, name="words", value=settings.words)
    own = Entry(layer=Layer.OPERATOR, name="own_words", value=_own_list(settings))
    return (words, own) if own.value else (words,)


def _picture_entries(settings: Settings) -> tuple[Entry, ...]:
    if settings.pictures == OFF:
        return ()
    above = max(1, round(settings.pictures_threshold * PERCENT))
    return (
        Entry(layer=Layer.OPERATOR, name="pictures", value=settings.pictures),
        Entry(layer=Layer.OPERATOR, name="pictures_above", value=above),
    )


def _filter(lists: frozenset[str] | None, own: tuple[str, ...]) -> WordFilter:
    """Prepare the built-in lists of some categories, with a list of one's own behind them."""
    chosen = [each for each in built_in() if lists is None or each.category in lists]
    return WordFilter((*chosen, *parse_list("\n".join(own))))


def _use_sentence(action: str, decision: Decision) -> str:
    entry = decision.entry
    if decision.limit is not None or (entry is not None and entry.layer is Layer.OPERATOR):
        return f"The operator of this bot does not let you use {quoted(action)} here."
    if entry is not None and entry.layer is Layer.MEMBER:
        until = "" if entry.until is None else f" until {shown_moment(entry.until)}"
        return f"A moderator of this server has stopped you from using this bot{until}."
    where = "in this channel" if entry is not None and entry.layer is Layer.CHANNEL else "here"
    return f"The rules of this server do not let you use {quoted(action)} {where}."


def action_of(axis: Axis | None, *, has_parents: bool) -> str:
    """Return which of the actions that rules can refuse a job is; several seeds compare nothing."""
    if axis is not None and axis is not Axis.SEEDS:
        return "compare"
    return "redraw" if has_parents else "imagine"


def _action_of(job: Job) -> str:
    return action_of(job.axis, has_parents=bool(job.parents))


def _check_among(noun: str, value: str, rule: str, allowed: object) -> None:
    if isinstance(allowed, tuple) and value not in allowed:
        raise RefusedHereError(
            rule, f"The {noun} {value!r} is not allowed here: use {', '.join(allowed)}."
        )


def _several(given: object) -> list[str]:
    return list(map(str, given)) if isinstance(given, Sequence) else []


def _own_list(settings: Settings) -> tuple[str, ...]:
    if settings.words_file is None:
        return ()
    path = settings.words_file
    try:
        text = decode(path.read_bytes())
        parse_list(text)
    except WordListError as error:
        raise SettingsError(f"WORDS_FILE '{path}' does not work: {error.message}") from None
    except (OSError, NotTextError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(f"WORDS_FILE '{path}' cannot be read: {reason}.") from None
    return tuple(each.strip() for each in text.splitlines() if each.strip())
