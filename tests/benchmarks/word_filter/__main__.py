"""Count false alarms on a thousand harmless prompts, and misses on a list of evasions.

python -m tests.benchmarks.word_filter
"""

from __future__ import annotations

import statistics
import sys
import time

from bot.domain.words import WordFilter, built_in
from tests.benchmarks.word_filter.evasions import EVASIONS
from tests.benchmarks.word_filter.harmless import TRICKY, harmless


def main() -> int:
    """Print what was found."""
    words, prompts, took = WordFilter(built_in()), harmless(), []
    words.find("")
    alarms = []
    for prompt in prompts:
        began = time.perf_counter()
        found = words.find(prompt)
        took.append(time.perf_counter() - began)
        if found is not None:
            alarms.append(f"{prompt!r}: {found.entry.written}")
    missed = [each for each in EVASIONS if words.find(each) is None]
    print(f"{len(prompts)} harmless prompts ({len(TRICKY)} tricky): {len(alarms)} false alarms")
    print(*alarms, sep="\n")
    share = 1 - len(missed) / len(EVASIONS)
    print(f"{len(EVASIONS)} evasions: {share:.0%} seen, {len(missed)} missed")
    print(*missed, sep=" · ")
    slow = statistics.quantiles(took, n=100)[98] * 1_000
    print(f"a prompt takes {statistics.median(took) * 1_000:.2f} ms (median), {slow:.2f} ms (99 %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
