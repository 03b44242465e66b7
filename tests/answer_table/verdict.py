"""One word for what somebody sees in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.locales import text
from tests.support.discord_server.world import Seen

THINKING, TWICE, UNTRUE, NOTHING, SECRETLY = "thinking…", "twice", "untrue", "nothing", "done!"
DONE_TWICE, NOT_TRIED = "done twice", "not tried"
BAD: Final = (THINKING, TWICE, UNTRUE, NOTHING, SECRETLY, DONE_TWICE, NOT_TRIED)
FINE, SMALLER, WRITTEN, NOT_DONE = "✓", "smaller", "direct message", "not done"
GONE, LOOK, ASK_AGAIN, SAID_TWICE = "image gone", "told to look", "told to ask again", "said twice"
_SENTENCES: Final = (
    (LOOK, "deferral_look_first"),
    (ASK_AGAIN, "deferral_ask_again"),
    (UNTRUE, "deferral_gave_up"),
    (UNTRUE, "fixed_error"),
    (UNTRUE, "discord_silent"),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What there was to be seen, and what was done.

    Attributes:
        new: The messages that came.
        has_form: Whether a form was opened.
        changed: The message that was pressed, where it has.
        is_gone: Whether the message is that shall go away; None where none shall.
        is_thinking: Whether Discord still says so.
        is_taken: Whether Discord took a first answer; else it has told the user itself.
        direct: The channel of the user's direct messages.
        done: How many rows more there are, by table.

    """

    new: Sequence[Seen]
    has_form: bool
    changed: Sequence[Seen]
    is_gone: bool | None
    is_thinking: bool
    is_taken: bool
    direct: int
    done: Counter[str] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        """How many answers are seen."""
        return len(self.new) + self.has_form + len(self.changed)

    @property
    def words(self) -> str:
        return " ".join(each.text for each in (*self.new, *self.changed))

    def says(self, key: str) -> bool:
        """Tell whether a sentence is among what is said, whatever values it holds."""
        parts = text(key, "en-US", what="\0", limit="\0", ids="\0").split("\0")
        return all(part in self.words for part in parts)

    def word(self, undisturbed: Counter[str] | None) -> str:
        """Return what it comes to; `undisturbed` is what is done where nothing fails."""
        if self.number == 0:
            return self._silence()
        if self.is_thinking:
            return THINKING
        if self.number > 1:
            return SAID_TWICE if self._is_one_sentence() else TWICE
        said = next((word for word, key in _SENTENCES if self.says(key)), None)
        if undisturbed is not None and not self._is_true(said, undisturbed):
            return DONE_TWICE if sizes(self.done) > sizes(undisturbed) else UNTRUE
        return said or self._kind()

    def _kind(self) -> str:
        if any(each.channel_id == self.direct for each in self.new):
            return WRITTEN
        smaller = self.says("smaller_copy") or self.says("answer_too_large")
        return SMALLER if smaller else FINE

    def _silence(self) -> str:
        if self.is_gone:
            return GONE
        if sizes(self.done):
            return SECRETLY
        return NOTHING if self.is_taken else NOT_DONE

    def _is_one_sentence(self) -> bool:
        """Tell whether nothing but a private sentence is there a second time."""
        texts = {each.text for each in self.new}
        return len(texts) == 1 and self.number == len(self.new) and self.new[0].ephemeral

    def _is_true(self, found: str | None, undisturbed: Counter[str]) -> bool:
        """Tell whether what is done is what is said: all of it, once."""
        if found is LOOK:
            return not sizes(self.done) or sizes(self.done) == sizes(undisturbed)
        if found is ASK_AGAIN:
            return not sizes(self.done)
        return sizes(self.done) == sizes(undisturbed)


def sizes(done: Counter[str]) -> Counter[str]:
    """Return how much was changed where votes and the like are taken back each second time."""
    return Counter({table: abs(count) for table, count in done.items() if count})
