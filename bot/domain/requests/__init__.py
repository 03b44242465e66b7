"""The values an image is made from, valid once they are built: sizes, qualities, the request.

`request.py` has the table of the request's fields, which everything that types, keeps or shows a
request reads.
"""

from bot.domain.requests.field import FormEntry, RequestField
from bot.domain.requests.operations import (
    MASK,
    SOURCE,
    Adapter,
    InputPicture,
    Operation,
    OperationKind,
)
from bot.domain.requests.request import (
    FIELDS,
    GUIDANCE,
    PROMPT,
    QUALITY,
    SEED,
    SIZE,
    STRENGTH,
    VARIETY,
    Axis,
    ImageRequest,
)
from bot.domain.requests.sizes import MIN_SIDE, SIZE_MULTIPLE, Size, SizeRules
from bot.domain.requests.values import (
    MAX_GUIDANCE_SCALE,
    MAX_PROMPT_CHARACTERS,
    MAX_SEED,
    MAX_STRENGTH,
    MAX_VARIETY,
    STRENGTHS,
    USUAL_STRENGTH,
    Quality,
    check_prompt,
    check_variety,
    clean_prompt,
    parse_seed,
    parse_variety,
    random_seed,
    seed_after,
)

__all__ = [
    "FIELDS",
    "GUIDANCE",
    "MASK",
    "MAX_GUIDANCE_SCALE",
    "MAX_PROMPT_CHARACTERS",
    "MAX_SEED",
    "MAX_STRENGTH",
    "MAX_VARIETY",
    "MIN_SIDE",
    "PROMPT",
    "QUALITY",
    "SEED",
    "SIZE",
    "SIZE_MULTIPLE",
    "SOURCE",
    "STRENGTH",
    "STRENGTHS",
    "USUAL_STRENGTH",
    "VARIETY",
    "Adapter",
    "Axis",
    "FormEntry",
    "ImageRequest",
    "InputPicture",
    "Operation",
    "OperationKind",
    "Quality",
    "RequestField",
    "Size",
    "SizeRules",
    "check_prompt",
    "check_variety",
    "clean_prompt",
    "parse_seed",
    "parse_variety",
    "random_seed",
    "seed_after",
]
