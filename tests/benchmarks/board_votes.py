"""How long a vote takes on a large board, and how long the event loop stands still for it.

A vote is what `/board vote` does: the board is found, the vote is counted, and the picture is read
again with its neighbours. Nothing is sent to Discord.

    python -m tests.benchmarks.board_votes [--pictures 1000] [--votes 100]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bot.domain.boards import Board
from tests.support.boards_env import BEN, BoardsEnv, fill, open_boards_env

TICK_S = 0.0005


async def vote(env: BoardsEnv, board: Board, number: int, user_id: int) -> None:
    """Vote as `/board vote` does."""
    viewer, boards = replace(BEN, user_id=user_id), env.boards
    head = await boards.head(board.name, viewer=viewer)
    await boards.vote(head.id, number, viewer=viewer)
    await boards.picture(head.id, number, viewer=viewer)
    await boards.neighbours(head.id, number, viewer=viewer)


async def stands_still(longest_s: list[float]) -> None:
    """Note the longest time between two turns of the loop, for ever."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK_S)
        longest_s[-1] = max(longest_s[-1], time.perf_counter() - began - TICK_S)


async def measure(folder: Path, num_pictures: int, num_votes: int) -> None:
    """Print the time of a vote, and of a whole board that is read beside it."""
    async with open_boards_env(folder) as env:
        board = await env.board()
        await fill(env, board, num_pictures)
        longest_s, took_s = [0.0], list[float]()
        watch = asyncio.create_task(stands_still(longest_s))
        for i in range(num_votes):
            longest_s.append(0.0)
            began = time.perf_counter()
            await vote(env, board, i % num_pictures + 1, 1000 + i)
            took_s.append(time.perf_counter() - began)
        still_s = statistics.median(longest_s[1:])
        began = time.perf_counter()
        await env.boards.find(board.id, viewer=BEN)
        whole_s = time.perf_counter() - began
        watch.cancel()
    print(
        f"{num_pictures} pictures: a vote {statistics.median(took_s) * 1000:.1f} ms"
        f" (p95 {statistics.quantiles(took_s, n=20)[-1] * 1000:.1f}), the loop stands still"
        f" {still_s * 1000:.1f} ms; the whole board is read in {whole_s * 1000:.1f} ms"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--votes", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(measure(Path(made), options.pictures, options.votes))
