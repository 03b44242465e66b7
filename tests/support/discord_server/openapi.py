"""Check each request against Discord's own OpenAPI description, where it is present."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[3]
BESIDE = ROOT.parent / "shared" / "discord-openapi.json"
ADDRESS = "urn:discord"


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One request that Discord's description does not allow."""

    method: str
    path: str
    where: str
    problem: str


@dataclass(kw_only=True)
class NoDescription:
    """Stand where the description is absent, and say why nothing was checked."""

    reason: str
    violations: list[Violation] = field(default_factory=list)
    checked: int = 0

    def check(self, *_: object, **__: object) -> None:
        """Check nothing."""


class Description:
    """Discord's description of its API, ready to check requests."""

    reason = None

    def __init__(self, path: Path) -> None:
        self._document, self._registry, self._fast_registry = _read(path)
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}
        self._paths = {
            tuple(template.strip("/").split("/")): template for template in self._document["paths"]
        }
        self.violations: list[Violation] = []
        self.checked = 0

    def check(
        self, method: str, path: str, *, body: Any, params: Mapping[str, str], has_files: bool
    ) -> None:
        """Note whatever a request has that the description does not allow."""
        self.checked += 1
        template = self._template(path)
        operation = {} if template is None else self._document["paths"][template]
        if method.lower() not in operation:
            self._note(method, path, "path", "there is no such route")
            return
        described = operation[method.lower()]
        self._check_params(method, path, described, params)
        self._check_body(method, path, described, _with_string_ids(body), has_files=has_files)

    def _check_params(
        self, method: str, path: str, described: Mapping[str, Any], params: Mapping[str, str]
    ) -> None:
        known = {each["name"]: each for each in described.get("parameters", ())}
        for name, value in params.items():
            if name not in known:
                self._note(method, path, f"query {name}", "there is no such parameter")
                continue
            schema = known[name]["schema"]
            if not any(self._fits(schema, each) for each in _readings(value)):
                self._note(method, path, f"query {name}", f"{value!r} does not fit")

    def _check_body(
        self, method: str, path: str, described: Mapping[str, Any], body: Any, *, has_files: bool
    ) -> None:
        content = described.get("requestBody", {}).get("content")
        if content is None or (body is None and not described["requestBody"].get("required")):
            if body is not None:
                self._note(method, path, "body", "this route takes none")
            return
        # A multipart body is its payload_json and files beside it; the JSON is what is described.
        kind = "application/json" if "application/json" in content else next(iter(content))
        where = "multipart/form-data" if has_files else kind
        if where not in content:
            self._note(method, path, "body", f"this route takes no {where}")
            return
        if not self._fits(content[kind]["schema"], body):
            at, problem = self._explained(content[kind]["schema"], body)
            self._note(method, path, at, problem)

    def _fits(self, schema: Mapping[str, Any], value: object) -> bool:
        absolute = _absolute(schema)
        if absolute not in self._validators:
            self._validators[absolute] = jsonschema_rs.Draft202012Validator(
                json.loads(absolute), registry=self._fast_registry
            )
        return self._validators[absolute].is_valid(value)

    def _explained(self, schema: Mapping[str, Any], body: object) -> tuple[str, str]:
        """Return where a body does not fit and why, in the words of the slower library's guess."""
        slow = jsonschema.Draft202012Validator(
            json.loads(_absolute(schema)), registry=self._registry
        )
        error = best_match(slow.iter_errors(body))
        if error is None:
            return "body", "only one of two validators allows it"
        at = "body" + "".join(f"[{part!r}]" for part in error.absolute_path)
        return at, error.message[:300]

    def _template(self, path: str) -> str | None:
        """Return the described path of a request's, the most literal one."""
        segments = path.strip("/").split("/")
        fitting = [
            (sum(a == b for a, b in zip(parts, segments, strict=True)), template)
            for parts, template in self._paths.items()
            if len(parts) == len(segments)
            and all(a.startswith("{") or a == b for a, b in zip(parts, segments, strict=True))
        ]
        return max(fitting)[1] if fitting else None

    def _note(self, method: str, path: str, where: str, problem: str) -> None:
        self.violations.append(Violation(method=method, path=path, where=where, problem=problem))


def _absolute(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, sort_keys=True).replace('"#/', f'"{ADDRESS}#/')


@functools.cache
def _read(path: Path) -> tuple[dict[str, Any], Registry[Any], jsonschema_rs.Registry]:
    """Read the description once for all servers; nobody changes it."""
    document = json.loads(path.read_text(encoding="utf-8"))
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    fast = jsonschema_rs.Registry([(ADDRESS, document)], draft=jsonschema_rs.Draft202012)
    return document, Registry().with_resource(ADDRESS, resource), fast


def open_description() -> Description | NoDescription:
    """Return the description named by DISCORD_OPENAPI, or beside the project, or its absence."""
    named = os.environ.get("DISCORD_OPENAPI")
    path = Path(named) if named else BESIDE
    if path.is_file():
        return Description(path)
    return NoDescription(reason=f"Discord's OpenAPI description is not at {path}")


def _readings(value: str) -> Iterable[object]:
    """Return what the text of a query may mean."""
    yield value
    if value.lower() in {"true", "false", "1", "0"}:
        yield value.lower() in {"true", "1"}
    if value.lstrip("-").isdigit():
        yield int(value)


def _with_string_ids(body: Any) -> Any:
    """Write as text the ids discord.py sends as numbers: of attachments, people and selects."""
    if not isinstance(body, dict):
        return body
    inner = {"data", "component", "accessory"}
    changed = {key: _with_string_ids(each) for key, each in body.items() if key in inner}
    if isinstance(body.get("components"), list):
        changed["components"] = list(map(_with_string_ids, body["components"]))
    if isinstance(body.get("default_values"), list):
        changed["default_values"] = [
            {**each, "id": str(each["id"])} for each in body["default_values"]
        ]
    if isinstance(body.get("recipient_id"), int):
        changed["recipient_id"] = str(body["recipient_id"])
    mentions = body.get("allowed_mentions")
    if isinstance(mentions, dict) and isinstance(mentions.get("users"), list):
        changed["allowed_mentions"] = {**mentions, "users": list(map(str, mentions["users"]))}
    if isinstance(body.get("attachments"), list):
        changed["attachments"] = [
            {**each, "id": str(each["id"])} if isinstance(each, dict) and "id" in each else each
            for each in body["attachments"]
        ]
    return {**body, **changed}
