"""From the tensors that a file has for a layer to a change of it; shapes and halves are checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.engine.adapters.changes import Change, Method
from bot.engine.adapters.content import AdapterContent, cannot_use, shown
from bot.engine.adapters.foreign import foreign_size
from bot.engine.adapters.names import Target
from bot.engine.adapters.shapes import ModelShapes, Shape
from bot.engine.adapters.stated_alphas import StatedAlphas

_MATRIX: Final = 2  # dimensions
_WORDS: Final = {
    "down": "lora_A (or lora_down)", "up": "lora_B (or lora_up)", "w1": "w1", "w2": "w2",
}  # fmt: skip


class ChangeMapper:
    """Makes changes of what a file has for each layer."""

    def __init__(self, content: AdapterContent, shapes: ModelShapes, stated: StatedAlphas) -> None:
        self._content, self._shapes, self._stated = content, shapes, stated

    def changes(self, target: Target, keys: Mapping[str, str]) -> Iterator[Change]:
        """Yield the change of a layer's weight and that of its bias, as far as there are any."""
        if "bias" in keys:
            yield self._difference(target, "bias", keys["bias"])
        of_weight = {role: key for role, key in keys.items() if role != "bias"}
        if not of_weight:
            return
        if "diff" in of_weight:
            yield self._difference(target, "weight", of_weight.pop("diff"))
            if of_weight:
                key = next(iter(of_weight.values()))
                raise self._refusal(f"{shown(key)} stands beside a difference of the same layer")
            return
        yield self._product(target, of_weight)

    def _refusal(self, reason: str) -> Exception:
        return cannot_use(self._content.name, reason)

    def _shape(self, key: str) -> Shape:
        return self._content.tensors[key].shape

    def _due(self, target: Target, kind: str, key: str) -> Shape:
        """Return the shape of the parameters that a tensor changes."""
        due = target.shape(kind, self._shapes)
        if due is None:
            raise self._refusal(f"{shown(key)} is for a {kind} that this layer does not have")
        return due

    def _change(
        self, target: Target, kind: str, method: Method, keys: Mapping[str, str], **more: Any
    ) -> Change:
        names, known = target.parameters(kind), self._shapes.parts[target.part]
        return Change(
            part=target.part,
            parameters=names,
            rows=tuple(known[name][0] for name in names),
            method=method,
            keys=keys,
            is_used=any(self._shapes.is_used(target.part, name) for name in names),
            **more,
        )

    def _difference(self, target: Target, kind: str, key: str) -> Change:
        due = self._due(target, kind, key)
        if self._shape(key) != due:
            raise self._misfit(key, self._shape(key), due)
        return self._change(target, kind, Method.DIFF, {"diff": key})

    def _product(self, target: Target, keys: Mapping[str, str]) -> Change:
        first = next(iter(keys.values()))
        due = self._due(target, "weight", first)
        if len(due) != _MATRIX:
            raise self._refusal(f"{shown(first)} is for a layer that is no matrix")
        method, ranks = self._method(keys, due)
        if "magnitude" in keys:
            self._check_magnitude(target, keys["magnitude"], due)
        rank = None if not ranks else ranks[0]
        alpha, factor = self._strength(target, keys, rank)
        return self._change(target, "weight", method, keys, rank=rank, alpha=alpha, factor=factor)

    def _method(self, keys: Mapping[str, str], due: Shape) -> tuple[Method, list[int]]:
        """Return how the change is written, and its ranks; everything that it needs is there."""
        roles = keys.keys() - {"alpha", "magnitude"}
        if not roles:
            key = next(iter(keys.values()))
            raise self._refusal(f"{shown(key)} stands alone: what it belongs to is missing")
        is_loha = any(".hada_" in keys[role] for role in roles)
        if roles & {"down", "up"}:
            self._need(keys, roles, ("down", "up"))
            own, rank = self._product_shape(keys["up"], keys["down"])
            self._compare(keys["up"], own, due, between=(keys["up"], keys["down"]))
            return Method.LORA, [rank]
        sides = [self._side(keys, roles, which) for which in ("w1", "w2")]
        ranks = [rank for _, rank in sides if rank is not None]
        key = keys[min(roles)]
        (one, _), (two, _) = sides
        if is_loha:
            if len(ranks) < len(sides):
                raise self._refusal(f"{shown(key)} is half of a LoHa: w1_a, w1_b, w2_a and w2_b "
                                    "belong together")  # fmt: skip
            for which, own in (("w1_a", one), ("w2_a", two)):
                self._compare(keys[which], own, due)
            return Method.LOHA, ranks
        self._compare(key, (one[0] * two[0], one[1] * two[1]), due)
        return Method.LOKR, ranks

    def _side(
        self, keys: Mapping[str, str], roles: set[str], which: str
    ) -> tuple[Shape, int | None]:
        """Return the shape of w1 or w2, and its rank where it is a product."""
        if which in roles:
            key = keys[which]
            if extra := roles & {f"{which}_a", f"{which}_b"}:
                raise self._refusal(f"{shown(key)} and {shown(keys[min(extra)])} are the same")
            if len(self._shape(key)) != _MATRIX:
                raise self._refusal(f"{shown(key)} is for a convolution, which is not applied here")
            return self._shape(key), None
        self._need(keys, roles, (f"{which}_a", f"{which}_b"))
        return self._product_shape(keys[f"{which}_a"], keys[f"{which}_b"])

    def _need(self, keys: Mapping[str, str], roles: set[str], pair: tuple[str, str]) -> None:
        for role, other in (pair, pair[::-1]):
            if role not in roles:
                key = keys.get(other) or keys[min(roles)]
                raise self._refusal(
                    f"{shown(key)} is half of a pair: its {_WORDS.get(role, role)} is missing"
                )

    def _product_shape(self, left: str, right: str) -> tuple[Shape, int]:
        """Return the shape of left @ right, and the rank between them."""
        one, two = self._shape(left), self._shape(right)
        if len(one) != _MATRIX or len(two) != _MATRIX or one[1] != two[0]:
            raise self._refusal(
                f"{shown(left)} has the shape {list(one)}, which {list(two)} of its other half "
                "does not go with"
            )
        return (one[0], two[1]), two[0]

    def _compare(
        self, key: str, own: Shape, due: Shape, *, between: tuple[str, str] | None = None
    ) -> None:
        if own == due:
            return
        if between is not None and own[0] == due[0]:
            key = between[1]  # the other half does not fit
        raise self._misfit(key, own, due)

    def _misfit(self, key: str, own: Shape, due: Shape) -> Exception:
        of = foreign_size(own, due)
        return self._refusal(
            f"{shown(key)} is for a weight of {_by(own)}, and this model's has {_by(due)}{of}"
        )

    def _check_magnitude(self, target: Target, key: str, due: Shape) -> None:
        shape = self._shape(key)
        by_row = shape in ((due[0],), (due[0], 1))
        by_column = shape == (1, due[1]) and len(target.modules) == 1
        if not by_row and not by_column:
            raise self._refusal(
                f"{shown(key)} has the shape {list(shape)}, and {due[0]} magnitudes are needed"
            )

    def _strength(
        self, target: Target, keys: Mapping[str, str], rank: int | None
    ) -> tuple[float | None, float]:
        """Return alpha, where it is stated, and what the product is multiplied by."""
        alpha = None
        if (key := keys.get("alpha")) is not None:
            if math.prod(self._shape(key)) != 1 or self._content.tensors[key].dtype.startswith(
                "F8"
            ):
                raise self._refusal(f"{shown(key)} is no single number")
            alpha = self._content.number(key)
        if rank is None:
            return alpha, 1.0  # both sides are full matrices: alpha counts for nothing
        if alpha is None:
            return self._stated.strength(target, rank)
        return alpha, alpha / rank


def _by(shape: Shape) -> str:
    return " x ".join(map(str, shape))
