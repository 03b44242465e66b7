"""The request of one image, and the table of its fields.

Whatever types, keeps, compares or shows a request goes through `FIELDS`. A new field is a row
there, an attribute of `ImageRequest` and its words in `bot/locales/`; the rest follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

from bot.domain.plain_text import name_key
from bot.domain.requests.adapters import (
    check_adapters,
    label_adapters,
    parse_adapters,
    parse_styled,
    show_adapters,
    take_tags,
)
from bot.domain.requests.applied_style import (
    MAX_APPLIED,
    AppliedStyle,
    applied_styles_of,
    style_names,
)
from bot.domain.requests.field import FormEntry, RequestField, of_type
from bot.domain.requests.operations import (
    TEXT_TO_IMAGE,
    Adapter,
    Control,
    ControlKind,
    InputPicture,
    Operation,
    OperationKind,
    image_to_image,
    masked,
    upscale,
)
from bot.domain.requests.profiles import (
    ModelProfile,
    check_guidance_scale,
    parse_guidance_scale,
    parse_profile,
    sigmas_from,
)
from bot.domain.requests.sizes import LARGEST_SIDE, ModelRules, Size
from bot.domain.requests.values import (
    MAX_CONTROL_SCALE,
    MAX_PROMPT_CHARACTERS,
    MAX_STRENGTH,
    MAX_VARIETY,
    STRENGTHS,
    USUAL_CONTROL_SCALE,
    USUAL_STRENGTH,
    Quality,
    check_control_scale,
    check_prompt,
    check_seed,
    check_strength,
    check_text,
    check_variety,
    check_variety_scale,
    clean_prompt,
    parse_control_scale,
    parse_quality,
    parse_seed,
    parse_strength,
    parse_variety,
    random_seed,
    show_strength,
)
from bot.domain.variety_schedule import NEWEST_SCALE, VarietyNoise, variety_noise
from bot.errors import InvalidRequestError

# Where nothing is chosen. A region is drawn as diffusers does it; with as much noise, what is drawn
# around a picture repeats its things (docs/decisions/0022-regions.md shows both).
USUAL_STRENGTHS: Final[Mapping[OperationKind, int]] = {
    OperationKind.INPAINT: MAX_STRENGTH,
    OperationKind.OUTPAINT: STRENGTHS["strong"],
}
WORDLESS: Final = "a sharp, detailed picture"  # the prompt of an upload without words
DETAIL: Final = STRENGTHS["touch"]  # percent: the usual strength of an upscaled image with detail
MAX_DETAIL: Final = 50  # percent: above, each part of an upscaled image would be one of its own

# What a map makes of a forward, counted for the large control network at 1024 x 1024; the small one
# takes 1.24 (docs/decisions/0025-control.md).
_STEERED: Final = 1.64
# What upscaling costs, in forwards over the tokens of the result.
_UPSCALED: Final = 0.25
_TILED: Final = 1.5


class Axis(StrEnum):
    """What differs between the images of a comparison: a field, by its plural."""

    PROMPTS = "prompts"
    QUALITIES = "qualities"
    GUIDANCE = "guidance"
    VARIETY = "variety"
    SIZES = "sizes"
    SEEDS = "seeds"
    NEGATIVES = "negatives"
    STRENGTHS = "strengths"
    LORAS = "loras"
    STYLES = "styles"
    CONTROL_SCALES = "control_scales"

    @property
    def field(self) -> RequestField:
        """Return the field that differs."""
        return next(field for field in FIELDS if field.axis is self)


def _size_of(document: Mapping[str, Any]) -> Size:
    return Size(width=_side(document["width"]), height=_side(document["height"]))


def _side(value: Any) -> int:  # noqa: ANN401 - JSON
    side: int = of_type(value, int)
    if not 0 < side <= LARGEST_SIDE:
        raise ValueError(f"{side} pixels")
    return side


def _adapters_of(document: Mapping[str, Any]) -> tuple[Adapter, ...]:
    listed = of_type(document["adapters"], list)
    return tuple(Adapter.from_json(of_type(each, dict)) for each in listed)


def quality_description(profile: ModelProfile) -> str:
    """Return what Discord says of qualities."""
    steps = ", ".join(f"{each} {profile.steps(each)}" for each in Quality)
    return f"How many steps: {steps}"


def guidance_description(profile: ModelProfile) -> str:
    """Return what Discord says of guidance."""
    low, high = profile.advised_guidance
    if profile.usual_guidance:
        return f"{low:g} to {high:g} is usual; higher is stricter to the prompt; 0 is off"
    return f"0 is off; {low:g} to {high:g} follows the prompt more strictly, twice as slow"


PROMPT: Final = RequestField(
    name="prompt",
    option="prompt",
    parse=lambda typed, _: clean_prompt(typed),
    check=check_prompt,
    noun="prompt",
    axis=Axis.PROMPTS,
    help="what to draw; several make several images",
    description="What to draw, in English, Chinese or both",
    form=FormEntry(
        max_length=MAX_PROMPT_CHARACTERS, is_required=True, is_long=True, has_hint=False
    ),
)
SIZE: Final = RequestField(
    name="size",
    option="size",
    parse=lambda typed, rules: rules.parse(typed),
    default=lambda rules: rules.default,
    names_itself=True,
    label=lambda size: f"{size.width}×{size.height}",
    axis=Axis.SIZES,
    tried=(
        "square, portrait, landscape, wide", "square, portrait", "portrait, landscape",
        "phone, tall, portrait, square, landscape, wide",
    ),
    help="WIDTHxHEIGHT or a name (default: square)",
    description="A name such as portrait, or WIDTHxHEIGHT",
    form=FormEntry(is_required=True),
    dump=lambda size: {"width": size.width, "height": size.height},
    load=_size_of,
)  # fmt: skip
SEED: Final = RequestField(
    name="seed",
    option="seed",
    kind=int,
    parse=lambda typed, _: parse_seed(typed),
    check=check_seed,
    default=lambda _: random_seed(),
    axis=Axis.SEEDS,
    help="0 to 4294967295; the same seed gives the same pixels (default: a random one)",
    description="The same seed gives the same pixels; none draws a random one",
    form=FormEntry(),
)
QUALITY: Final = RequestField(
    name="quality",
    option="quality",
    parse=lambda typed, _: parse_quality(typed),
    usual=Quality.STANDARD,
    choices=tuple(Quality),
    names_itself=True,
    axis=Axis.QUALITIES,
    tried=("draft, standard, final", "draft, final"),
    help="draft, standard or final (default: standard)",
    description=quality_description(ModelProfile.TURBO),
    description_of=quality_description,
    dump=lambda quality: {"quality": quality.value},
    load=lambda document: Quality(document["quality"]),
)
GUIDANCE: Final = RequestField(
    name="guidance_scale",
    option="guidance",
    kind=float,
    parse=lambda typed, rules: parse_guidance_scale(typed, rules.profile),
    usual=0.0,
    usual_of=lambda profile: profile.usual_guidance,
    limits=(0.0, max(each.max_guidance for each in ModelProfile)),
    limits_of=lambda profile: (0.0, profile.max_guidance),
    show=lambda scale: f"{scale:g}",
    axis=Axis.GUIDANCE,
    tried_of=lambda profile: profile.guidance_tried,
    help="0 to 2 (default: 0); with the base model 0 to 8 (default: 4)",
    description=guidance_description(ModelProfile.TURBO),
    description_of=guidance_description,
)
VARIETY: Final = RequestField(
    name="variety",
    option="variety",
    kind=int,
    parse=lambda typed, _: parse_variety(typed),
    check=check_variety,
    usual=0,
    limits=(0, MAX_VARIETY),
    axis=Axis.VARIETY,
    tried=("0, 25, 50, 100", "0, 50", "0, 20, 40, 60, 80, 100"),
    help="0 to 100: how far a seed also moves the prompt's meaning (default: 0)",
    description="0 to 100: lets seeds differ more, and follows the prompt less closely",
    form=FormEntry(),
    since=2,
)
NEGATIVE: Final = RequestField(
    name="negative",
    option="negative",
    parse=lambda typed, _: clean_prompt(typed),
    check=lambda words: check_text(words, noun="negative prompt"),
    usual="",
    noun="negative prompt",
    axis=Axis.NEGATIVES,
    help="what the image should not show; works with a guidance above 0",
    description="What the image should not show; works with a guidance above 0",
    form=FormEntry(max_length=MAX_PROMPT_CHARACTERS, is_long=True),
    since=3,
    is_idle=lambda request: bool(request.negative) and request.guidance_scale == 0,
)

STRENGTH: Final = RequestField(
    name="strength",
    option="strength",
    parse=lambda typed, _: parse_strength(typed),
    check=check_strength,
    usual=0,
    names=tuple(STRENGTHS),
    show=lambda strength: show_strength(strength) if strength else "",
    axis=Axis.STRENGTHS,
    tried=("touch, subtle, strong, redraw", "subtle, strong", "35%, 50%, 65%, 80%"),
    help=f"{', '.join(STRENGTHS)}, or 1% to 100%: how much of the source is drawn anew",
    description="How much of the source is drawn anew: a name, or 1% to 100%",
    load=lambda document: of_type(document["strength"], int),
    since=4,
    is_idle=lambda request: bool(request.strength) and not request.operation.inputs,
)


def _check_applied(applied: Any) -> None:  # noqa: ANN401 - what a caller forgot to look up
    if not isinstance(applied, tuple) or len(applied) > MAX_APPLIED:
        raise TypeError(f"no applied styles: {applied!r}")


# What is typed is a name, which `bot.domain.styles` turns into words and values of other fields;
# the request keeps what that did.
STYLE: Final = RequestField(
    name="style",
    option="style",
    parse=lambda typed, _: name_key(typed) if isinstance(typed, str) else typed,
    check=_check_applied,
    usual=(),
    has_names=True,
    show=style_names,
    axis=Axis.STYLES,
    tried=(
        "photo, watercolour, ink, pixel art",
        "none, line art, 3D render",
        "anime, comic, sticker",
        "照片, 水彩, 水墨, 像素画",
    ),
    help="the name of a style, as `style list` names them: words around the prompt, and values",
    description="A style of this server or a built-in one: /style list shows them",
    dump=lambda applied: {"style": [each.to_json() for each in applied]},
    load=lambda document: applied_styles_of(of_type(document["style"], list)),
    since=5,
)  # fmt: skip

ADAPTERS: Final = RequestField(
    name="adapters",
    option="lora",
    parse=lambda typed, rules: parse_adapters(typed, rules.loras),
    check=check_adapters,
    usual=(),
    is_list=True,
    has_names=True,
    show=show_adapters,
    label=label_adapters,
    axis=Axis.LORAS,
    help="a LoRA by its name, with a scale behind a colon (neon:0.8; 1 is usual); up to three, "
    "with commas between or one an option; `lora list` names those that there are",
    description="A LoRA, also as name:0.8; up to three, with commas between",
    dump=lambda adapters: {"adapters": [asdict(each) for each in adapters]},
    load=_adapters_of,
    since=5,
)

CONTROL_SCALE: Final = RequestField(
    name="control_scale",
    option="control_scale",
    kind=float,
    parse=lambda typed, _: parse_control_scale(typed),
    check=check_control_scale,
    usual=0.0,
    limits=(0.05, MAX_CONTROL_SCALE),
    show=lambda scale: f"{scale:g}" if scale else "",
    axis=Axis.CONTROL_SCALES,
    tried=("0.25, 0.5, 0.75, 1", "0.5, 1", "0.25, 0.5, 0.75, 1, 1.25, 1.5"),
    help=f"how strongly a control map steers, up to 2 (default: {USUAL_CONTROL_SCALE:g})",
    description="How strongly the control map steers: 0.75 is usual, up to 2",
    since=5,
    is_idle=lambda request: bool(request.control_scale) and request.control is None,
)

FIELDS: Final = (
    PROMPT, SIZE, SEED, QUALITY, GUIDANCE, VARIETY, NEGATIVE, STRENGTH, STYLE, ADAPTERS,
    CONTROL_SCALE,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ImageRequest:
    """Everything the requester decides about one image; the seed is already drawn.

    Attributes:
        variety: 0 .. 100: how far the seed also moves the prompt's embedding, because a new seed
            alone changes an image of a distilled model little.
        variety_scale: What the variety means in noise (see `bot.domain.variety_schedule`); nobody
            types it, and only what is drawn again from before has another one than the newest.
        negative: What the image should not show; only guidance above 0 looks at it.
        strength: 1 .. 100: how much of a source is drawn anew; of no effect without one.
        style: The styles that went into the prompt and the values, the first one first.
        control: The map that steers what is drawn where; None without one.
        control_scale: How strongly it does, up to 2; of no effect without one.
        adapters: In the order in which they are applied.
        profile: What kind of model it is for; nobody types it.

    Raises:
        InvalidRequestError: A value is out of its range; the sentence names it.

    """

    prompt: str
    seed: int
    size: Size
    quality: Quality = Quality.STANDARD
    guidance_scale: float = 0.0
    variety: int = 0
    variety_scale: int = NEWEST_SCALE
    negative: str = ""
    strength: int = 0
    style: tuple[AppliedStyle, ...] = ()
    operation: Operation = TEXT_TO_IMAGE
    control: Control | None = None
    control_scale: float = 0.0
    adapters: tuple[Adapter, ...] = ()
    profile: ModelProfile = ModelProfile.TURBO

    def __post_init__(self) -> None:
        """Check every value, so that nothing behind this class has to."""
        for field in FIELDS:
            if field.check is not None:
                field.check(field.of(self))
        check_guidance_scale(self.guidance_scale, self.profile)
        check_variety_scale(self.variety_scale)
        if self.operation.inputs and not (self.strength or self.is_upscaled):
            raise InvalidRequestError(
                "The strength 0% would leave the source as it is: use "
                f"{', '.join(STRENGTHS)}, or 1% to 100%."
            )
        if self.control is not None:
            self._check_control()

    def _check_control(self) -> None:
        if self.is_upscaled:
            raise InvalidRequestError(
                "A map does not steer an upscaled image, which follows its source: upscale it "
                "without control."
            )
        if not self.control_scale:
            raise InvalidRequestError(
                "The control scale 0 would leave the map without effect: use a number above 0, "
                f"such as {USUAL_CONTROL_SCALE:g}, or no map."
            )

    @classmethod
    def parse(cls, *, rules: ModelRules, **typed: str | float | None) -> Self:
        """Build a request from what a person typed, by the names of the options.

        What is missing or None is as usual; no seed means a random one, 0 is a seed. LoRAs that a
        prompt names as other programs have it (`<lora:neon:0.8>`) are taken out of it.
        """
        if unknown := typed.keys() - {field.option for field in FIELDS}:
            raise TypeError(f"no options: {unknown}")
        values = {
            each.name: each.read(typed.get(each.option), rules)
            for each in FIELDS
            if each is not ADAPTERS
        }
        values[ADAPTERS.name] = _adapters_typed(typed, rules)
        values[PROMPT.name], tagged = take_tags(values[PROMPT.name], rules.loras)
        values[ADAPTERS.name] += tagged
        return cls(**values, profile=rules.profile)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote, perhaps among other things and before there were operations.

        Raises:
            KeyError: Something is missing.
            TypeError: A value is of another type.
            ValueError: A value cannot be meant.
            InvalidRequestError: A value is out of its range, or of a newer program.

        """
        values = {field.name: field.from_json(document) for field in FIELDS}
        operation = of_type(document.get("operation", TEXT_TO_IMAGE.to_json()), dict)
        control = document.get("control")
        # Without a variety its scale means nothing: what is made of it now is of today's.
        has_scale = values[VARIETY.name] and "variety_scale" in document
        return cls(
            **values,
            variety_scale=of_type(document["variety_scale"], int) if has_scale else NEWEST_SCALE,
            operation=Operation.from_json(operation),
            control=None if control is None else Control.from_json(of_type(control, dict)),
            profile=parse_profile(of_type(document.get("profile", ModelProfile.TURBO), str)),
        )

    def to_json(self) -> dict[str, Any]:
        """Return all of it as a flat JSON document."""
        fields = {key: value for each in FIELDS for key, value in each.to_json(self).items()}
        return {
            **fields,
            "variety_scale": self.variety_scale,
            "operation": self.operation.to_json(),
            "control": None if self.control is None else asdict(self.control),
            "profile": self.profile.value,
        }

    def begun_with(self, pixel_sha256: str) -> Self:
        """Return the request as one that begins with a picture instead of noise alone."""
        return replace(
            self,
            operation=image_to_image(pixel_sha256),
            strength=self.strength or STRENGTHS[USUAL_STRENGTH],
        )

    def drawn_into(self, kind: OperationKind, *, source: str, mask: str) -> Self:
        """Return the request as one that draws into a picture, where a mask is white."""
        return replace(
            self,
            operation=masked(kind, source=source, mask=mask),
            strength=self.strength or USUAL_STRENGTHS[kind],
        )

    def steered_by(self, kind: ControlKind, pixel_sha256: str) -> Self:
        """Return the request as one that a map of its own size steers."""
        return replace(
            self,
            control=Control(kind=kind, pixel_sha256=pixel_sha256),
            control_scale=self.control_scale or USUAL_CONTROL_SCALE,
        )

    def without_control(self) -> Self:
        """Return the request as one that no map steers."""
        return replace(self, control=None, control_scale=0.0)

    def upscaled_from(self, pixel_sha256: str, size: Size, *, strength: int) -> Self:
        """Return the request of a picture's upscaled copy.

        Args:
            pixel_sha256: Of the picture.
            size: Of the result.
            strength: How much is drawn anew for detail; 0 is the upscaler alone.

        Raises:
            InvalidRequestError: The strength is too much; the sentence names it.

        """
        check_detail(strength)
        adapters = self.adapters if strength else ()  # the upscaler alone is no model for them
        own = self.without_control()  # the source has all that a map could tell
        operation = upscale(pixel_sha256)
        return replace(own, operation=operation, size=size, strength=strength, adapters=adapters)

    def with_typed(self, values: Mapping[str, Any], rules: ModelRules) -> Self:
        """Return the request with other values, typed today: a variety means what it does today.

        LoRAs that a new prompt names are taken out of it, and go before those of before; with a
        scale of 0 they go. A style whose words are no longer in the prompt is not told of any more.
        """
        changed = {**values}
        if VARIETY.name in values:
            changed["variety_scale"] = NEWEST_SCALE
        prompt, tagged = take_tags(values.get(PROMPT.name, ""), rules.loras)
        if tagged:
            changed |= {PROMPT.name: prompt, ADAPTERS.name: self._adapters_with(tagged)}
        words = changed.get(PROMPT.name, self.prompt)
        changed.setdefault(STYLE.name, tuple(each for each in self.style if each.is_in(words)))
        return replace(self, **changed)

    def _adapters_with(self, named: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
        again = {each.sha256 for each in named}
        kept = (each for each in self.adapters if each.sha256 not in again)
        return (*kept, *(each for each in named if each.scale))

    def for_profile(self, profile: ModelProfile) -> Self:
        """Return the request as one that is asked of another model, with its own steps.

        Guidance means something else there, so it is as usual.
        """
        if self.profile is profile:
            return self
        return replace(self, profile=profile, guidance_scale=profile.usual_guidance)

    def check_profile(self, profile: ModelProfile) -> None:
        """Refuse a request that another kind of model would draw.

        Raises:
            InvalidRequestError: It would; the sentence says which one it is for.

        """
        if self.is_drawn and self.profile is not profile:
            raise InvalidRequestError(
                f"This image was made with {self.profile.model_name}, but {profile.model_name} "
                f"draws here, with other steps: it needs MODEL={self.profile.model_id}, or ask "
                "for a new image."
            )

    @property
    def inputs(self) -> tuple[InputPicture, ...]:
        """Return all pictures that it is drawn with: its operation's, then the map."""
        maps = () if self.control is None else (self.control.picture,)
        return (*self.operation.inputs, *maps)

    @property
    def is_upscaled(self) -> bool:
        """Tell whether the image is a larger copy of its source."""
        return self.operation.kind is OperationKind.UPSCALE

    def size_of_more(self, rules: ModelRules) -> Size:
        """Return the size in which more is made of the image: an upscaled one is too large."""
        return rules.nearest(self.size.width, self.size.height) if self.is_upscaled else self.size

    @property
    def is_drawn(self) -> bool:
        """Tell whether the model draws any of it; the upscaler alone reads no words."""
        return self.num_steps > 0

    @property
    def fields(self) -> tuple[RequestField, ...]:
        """Return the fields that tell of the image; the upscaler alone heeds only the size."""
        return FIELDS if self.is_drawn else (PROMPT, SIZE)

    @property
    def texts(self) -> dict[str, str]:
        """Return the words that the model reads, by what a sentence calls them."""
        return {each.noun: each.of(self) for each in FIELDS if each.is_text and each.of(self)}

    @property
    def num_forwards(self) -> int:
        """Return the forwards of the transformer this image costs: guidance doubles them."""
        return self.num_steps * (2 if self.guidance_scale > 0 else 1)

    @property
    def work(self) -> float:
        """Return forwards x image tokens, which the time on the engine grows with.

        The large upscaler computes about as much for its source as one forward of Z-Image-Turbo,
        and the source of a result has at most a quarter of its tokens. Tiles overlap by a half.
        """
        if not self.is_upscaled:
            steered = 1.0 if self.control is None else _STEERED
            return self.num_forwards * steered * self.size.tokens
        return (self.num_forwards * _TILED + _UPSCALED) * self.size.tokens

    @property
    def sigmas(self) -> tuple[float, ...]:
        """Return the noise levels of its steps, before the scheduler's shift."""
        if self.is_upscaled and not self.strength:
            return ()
        if self.operation.inputs:
            return sigmas_from(self.profile, self.quality, self.strength)
        return self.profile.sigmas(self.quality)

    @property
    def num_steps(self) -> int:
        """Return how many steps it takes."""
        return len(self.sigmas)

    @property
    def variety_noise(self) -> VarietyNoise | None:
        """Return the noise that the variety puts on the prompt's embedding."""
        return variety_noise(self.variety, self.variety_scale)

    @property
    def has_older_variety(self) -> bool:
        """Tell whether the same variety, asked for today, would be other noise."""
        return self.variety_noise != variety_noise(self.variety, NEWEST_SCALE)


def _adapters_typed(typed: Mapping[str, Any], rules: ModelRules) -> tuple[Adapter, ...]:
    """Return the LoRAs that were typed, or those of the style that decides them."""
    value, styles = typed.get(ADAPTERS.option), typed.get(STYLE.option)
    for each in styles if isinstance(styles, tuple) else ():
        if value is not None and (ADAPTERS.option, value) in each.values:
            return parse_styled(value, rules.loras, each.name)
    adapters: tuple[Adapter, ...] = ADAPTERS.read(value, rules)
    return adapters


def check_detail(strength: int) -> None:
    """Refuse a strength that would make another image of each part of an upscaled one."""
    if strength > MAX_DETAIL:
        raise InvalidRequestError(
            f"The strength {strength}% is too much for an upscaled image: use up to {MAX_DETAIL}%, "
            "or none."
        )
