"""What was changed between an image and the one it comes from, and what that makes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

from bot.domain.jobs import Relation
from bot.domain.requests import SEED, ImageRequest, OperationKind, RequestField

# A word; or a character of a script whose words touch (Han, kana, hangul); or a mark.
_PIECE: Final = re.compile(
    "[\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]|[^\\W_]+|[^\\w\\s]|_"
)
_MARKS: Final = " ,.;:!?,、。;:!?·-–—"
_ALIKE: Final = 0.4  # share of common pieces below which a prompt is another one
_MAX_SPANS: Final = 3  # more changes than these are easier read as two whole prompts

_BY_OPERATION: Final[Mapping[OperationKind, Relation]] = {
    OperationKind.TEXT_TO_IMAGE: "imagine",
    OperationKind.IMAGE_TO_IMAGE: "source",
    OperationKind.INPAINT: "region",
    OperationKind.OUTPAINT: "extension",
    OperationKind.UPSCALE: "upscale",
}


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One thing that is not as it was.

    Attributes:
        field: Of the request.
        before: As text; of a prompt the words that were there, empty where words were added.
        after: As text; empty where words were taken out.

    """

    field: RequestField
    before: str
    after: str

    @property
    def name(self) -> str:
        """Return what people call the field."""
        return self.field.option


def relation_of(before: ImageRequest | None, after: ImageRequest) -> Relation:
    """Return how an image comes from another one, judged by what was really changed.

    From no image: by what was done, to words alone or to a picture that was handed in.
    Nothing: the same seed. The seed alone: a new seed. The variety, or the seed where a variety
    lets it move the prompt's meaning too: a variation. Anything else: an edit. What begins with
    another picture than before began with this one, or is a larger copy of it; begun with it to
    show the same once more, it is a variation, too.
    """
    if before is None:
        return _BY_OPERATION[after.operation.kind]
    if after.operation.inputs and after.operation != before.operation:
        return "variation" if _is_varied(before, after) else _BY_OPERATION[after.operation.kind]
    moved = {name: getattr(before, name) for name in ("seed", "variety", "variety_scale")}
    if replace(after, **moved) != before:
        return "edit"
    if after.variety_noise != before.variety_noise:
        return "variation"
    if after.seed == before.seed:
        return "same_seed"
    return "variation" if after.variety > 0 else "new_seed"


def _is_varied(before: ImageRequest, after: ImageRequest) -> bool:
    """Tell whether an image begins with another one to show the same once more.

    All but seed and strength is as there; a larger copy is brought to a size that is drawn.
    """
    freed = ["operation", "seed", "strength", *(["size"] if before.is_upscaled else [])]
    is_begun = after.operation.kind is OperationKind.IMAGE_TO_IMAGE
    return is_begun and replace(after, **{each: getattr(before, each) for each in freed}) == before


def changes(before: ImageRequest, after: ImageRequest) -> list[FieldChange]:
    """Return everything that was changed and tells: words first, the seed last."""
    fields = sorted(after.fields, key=lambda field: (not field.is_text, field is SEED))
    found = []
    for field in fields:
        old, new = field.shown_of(before), field.shown_of(after)
        if field.is_text:
            found += text_changes(field, old, new)
        elif old != new:
            found.append(FieldChange(field=field, before=old, after=new))
    return found


def text_changes(field: RequestField, before: str, after: str) -> list[FieldChange]:
    """Return which words of a text were changed; both texts whole where most were."""
    if before == after:
        return []
    old, new = (list(_PIECE.finditer(text)) for text in (before, after))
    matcher = SequenceMatcher(
        None, [each[0].casefold() for each in old], [each[0].casefold() for each in new],
        autojunk=False,
    )  # fmt: skip
    spans = [each for each in matcher.get_opcodes() if each[0] != "equal"]
    if matcher.ratio() < _ALIKE or not 0 < len(spans) <= _MAX_SPANS:
        return [FieldChange(field=field, before=before, after=after)]
    found = [
        FieldChange(
            field=field,
            before=_words(before, old[old_from:old_to]),
            after=_words(after, new[new_from:new_to]),
        )
        for _, old_from, old_to, new_from, new_to in spans
    ]
    return [each for each in found if each.before or each.after]


def _words(text: str, pieces: list[re.Match[str]]) -> str:
    """Return what stands in a text from the first to the last piece, without outer marks."""
    if not pieces:
        return ""
    words = text[pieces[0].start() : pieces[-1].end()]
    return words.strip(_MARKS) or words
