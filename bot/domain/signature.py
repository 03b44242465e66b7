"""Signatures of recipes: proof that this installation wrote one, without a row of its database."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

_SECRET_BYTES: Final = 32
_ID_DIGITS: Final = 16  # hexadecimal: enough to tell installations apart, useless for guessing


class Proof(StrEnum):
    """What a signature says about a recipe."""

    SIGNED = "signed"  # this installation wrote it
    ALTERED = "altered"  # it names this installation's key, which never signed this
    OTHER_KEY = "other_key"  # only the owner of another key can tell
    NONE = "none"  # there is no signature, or no key to check it with


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """The secret of an installation; it is kept in the database and shown to nobody."""

    secret: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """Draw a key."""
        return cls(secret=secrets.token_bytes(_SECRET_BYTES))

    @property
    def id(self) -> str:
        """Return what tells this key from others and gives nothing of it away."""
        return self._hmac("key")[:_ID_DIGITS]

    def sign(self, text: str) -> str:
        """Return the signature of a canonical recipe: the key's id and an HMAC-SHA256."""
        return f"{self.id}:{self._hmac(f'recipe:{text}')}"

    def judge(self, text: str, signature: str) -> Proof:
        """Tell what a signature from somewhere says about a text."""
        if hmac.compare_digest(signature.encode(errors="replace"), self.sign(text).encode()):
            return Proof.SIGNED
        return Proof.ALTERED if signature.startswith(f"{self.id}:") else Proof.OTHER_KEY

    def _hmac(self, words: str) -> str:
        return hmac.new(self.secret, words.encode(), hashlib.sha256).hexdigest()


def proof(key: SigningKey | None, text: str, signature: str | None) -> Proof:
    """Tell what is known of a text whose signature or key may be missing."""
    if signature is None:
        return Proof.NONE
    return Proof.OTHER_KEY if key is None else key.judge(text, signature)
