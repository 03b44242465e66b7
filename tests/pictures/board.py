"""Make the README's picture of a board: drawn by the demo model, hung up with the real commands.

python -m tests.pictures.board [docs/board.webp]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from bot.domain.boards import Theme
from bot.media.exports import paint_items, plan_page
from bot.settings import DEMO_MODEL_DIR, Settings
from tests.pictures.playground import write_picture
from tests.support.board_channels import board_of, create
from tests.support.discord_env import DiscordEnv, SteeredEngine, ids_of, open_env

NAME: Final = "Harbour café · summer 夏天"
BRIEF: Final = (
    "Posters, stickers and the menu of a café by the sea: deep blue, sand and one warm orange."
)
WIDE, TALL, SQUARE = "320x176", "176x320", "256x256"
CREDITS: Final = {"ada": "Ada", "ming": "小明", "moderator": "Grace"}
# Who drew it, what, its size, its caption, its status and who voted for it.
PICTURES: Final = (
    ("ada", "a sailboat, dark blue background", WIDE, "Hero for the poster ⛵", "approved", "mg"),
    ("ming", "palm tree, orange background", TALL, "Warm light, keep", "shortlist", "ag"),
    ("moderator", "ice cream, pink background", SQUARE, "菜单封面 Menu cover", "approved", "am"),
    ("ada", "flamingo, light blue background", TALL, "Stickers?", None, "m"),
    ("ming", "一朵向日葵, 浅蓝色背景", WIDE, "", None, "ag"),
    ("moderator", "西瓜, 绿色背景", SQUARE, "夏日特饮 🍉", "shortlist", "am"),
    ("ada", "lemon, beige background", WIDE, "Lemonade, on sand", None, "mg"),
    ("ming", "surfer, teal background", TALL, "冲浪", None, "g"),
    ("ming", "蓝色背景上的太阳", SQUARE, "", "shortlist", "ag"),
    ("moderator", "a car, yellow background", WIDE, "For the map", None, "a"),
    ("ada", "一只企鹅, 蓝色背景", TALL, "Too cold?", "rejected", ""),
    ("ada", "一杯咖啡, 棕色背景", SQUARE, "Café corner ☕", None, "mg"),
)


async def hang(env: DiscordEnv) -> None:
    """Make the board and all that hangs on it."""
    voters = {"a": env.ada, "m": env.ming, "g": env.moderator}
    await create(env, NAME, brief=BRIEF)
    for number, (who, prompt, size, caption, status, votes) in enumerate(PICTURES, start=1):
        person = getattr(env, who)
        message = await env.imagine(person, prompt, seed=42, size=size)
        said = {"caption": caption} if caption else {}
        said["credit"] = CREDITS[who]
        await person.slash(env.channel, "board add", id=ids_of(message)[0], **said)
        for voter in votes:
            await voters[voter].slash(env.channel, "board vote", number=number)
        if status is not None:
            decided = {"number": number, "status": status}
            await env.moderator.slash(env.channel, "board status", **decided)


async def draw(folder: Path, engine: Any) -> Any:
    """Return the picture."""
    settings = Settings(data_dir=folder, model=str(DEMO_MODEL_DIR), device="cpu")
    async with open_env(settings, SteeredEngine(engine)) as env:
        await hang(env)
        board = await board_of(env, NAME)
        page = plan_page(board, items=board.ordered(), theme=Theme.DARK, page=1, locale="en-US")
        return paint_items(page.layout, env.service.boards.pictures, "en-US")


if __name__ == "__main__":
    write_picture(draw, "docs/board.webp")
