"""A board's sheet: every picture in its place, every word in the picture, spoilers unseen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.boards import Item, ItemStatus, Theme
from bot.media.exports import (
    PER_PAGE,
    keep_sheet,
    page_count,
    paint_items,
    plan_page,
)
from bot.media.exports.board_colours import COLOURS, STATUS, STATUS_INK
from bot.media.exports.sheet import BoardPage, palette_of_items
from bot.media.exports.sheet_layout import plan_sheet
from bot.media.exports.title_block import Header
from bot.media.kit import Box, Panel, TextBlock
from bot.media.kit.justified_rows import RowMeasures, arranged
from bot.media.kit.typography import drawable
from bot.media.palettes.oklab import to_oklab
from bot.media.thumbnails import PictureCache
from tests.support.board_samples import board_of, item_of, write_scenes
from tests.support.sampling import sampled

LONG = "a lighthouse on a cliff above the sea at dusk, cinematic light, volumetric fog " * 9
STRANGE = (
    "<script>alert(1)</script> **bold** @everyone",
    "שלום עולם",
    "a\u202egnp.exe\u202c",
    "🔥 pick 👩‍👩‍👧",
    "W" * 400,
    "汉字" * 200,
    LONG,
    "",
)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_scenes(tmp_path_factory.mktemp("scenes"), 24)


@pytest.fixture(scope="module")
def items(scenes: list[Path]) -> list[Item]:
    return [item_of(path, number) for number, path in enumerate(scenes, start=1)]


@pytest.fixture
def pictures(tmp_path: Path) -> PictureCache:
    return PictureCache(tmp_path / "copies")


@dataclass(frozen=True, kw_only=True)
class Drawn:
    plan: BoardPage
    image: Image.Image

    @property
    def boxes(self) -> list[Box]:
        return [photo.box for photo in self.plan.layout.photos]


def drawn(items: list[Item], pictures: PictureCache, **options) -> Drawn:
    usual = {"theme": Theme.LIGHT, "page": 1, "locale": "en-US"}
    plan = plan_page(board_of(items), items=items, **{**usual, **options})
    return Drawn(plan=plan, image=paint_items(plan.layout, pictures, "en-US"))


def many(items: list[Item], count: int) -> list[Item]:
    return [replace(items[i % len(items)], number=i + 1) for i in range(count)]


@pytest.mark.parametrize("theme", sampled(Theme, first=1))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 12, 200])
def test_boards_of_any_size_are_drawn_in_order_without_overlap(
    items: list[Item], pictures: PictureCache, count: int, theme: Theme
):
    sheet = drawn(many(items, count), pictures, theme=theme)
    assert sheet.plan.numbers == tuple(range(1, min(count, PER_PAGE) + 1))
    assert sheet.plan.pages == page_count(count)
    assert sheet.image.getpixel((2, 2)) == COLOURS[theme].ground
    assert len(sheet.boxes) == len(sheet.plan.numbers)
    for box in sheet.boxes:
        assert box.left >= 40
        assert box.left + box.width <= sheet.image.width - 40
        assert box.bottom <= sheet.image.height - 40
    for a, b in combinations(sheet.boxes, 2):
        apart_x = a.left + a.width <= b.left or b.left + b.width <= a.left
        assert apart_x or a.bottom <= b.top or b.bottom <= a.top
    for a, b in pairwise(sheet.boxes):
        assert (a.top, a.left) < (b.top, b.left), "read like a page"
    assert sheet.image.height < 2.2 * sheet.image.width


def test_pictures_are_shown_whole_and_are_not_stretched(items: list[Item], pictures: PictureCache):
    sheet = drawn(items[:12], pictures)
    for box, item in zip(sheet.boxes, items, strict=False):
        assert box.width / box.height == pytest.approx(item.width / item.height, rel=0.02)
        # Beside the marks at its left and foot the place looks like the picture.
        foot = box.height * 4 // 5
        place = (box.left + box.width * 2 // 3, box.top, box.left + box.width, box.top + foot)
        with Image.open(item.path) as picture:
            wanted = picture.convert("RGB").resize((box.width, box.height))
        wanted = wanted.crop((box.width * 2 // 3, 0, box.width, foot))
        difference = np.asarray(sheet.image.crop(place), float) - np.asarray(wanted, float)
        assert np.sqrt((difference**2).mean()) < 12


@pytest.mark.parametrize("shape", [(40, 2000), (2000, 40), (7, 7)])
def test_a_picture_of_an_extreme_shape_is_shown_whole(
    tmp_path: Path, pictures: PictureCache, shape: tuple[int, int]
):
    path = tmp_path / "extreme.png"
    Image.new("RGB", shape, (200, 30, 30)).save(path)
    item = item_of(path, 1, caption="extreme")
    header = Header(title="x")
    [photo] = plan_sheet(header, [item], theme=Theme.LIGHT, width=1600, locale="en-US").photos
    assert photo.shown.width <= photo.box.width
    assert photo.shown.height <= photo.box.height
    sheet = drawn([item], pictures)
    middle = photo.shown.left + photo.shown.width // 2, photo.shown.top + photo.shown.height // 2
    assert sheet.image.getpixel(middle)[0] > 150


def test_a_spoiler_is_blurred_beyond_recognition_and_marked(
    items: list[Item], pictures: PictureCache
):
    hidden = replace(items[5], is_spoiler=True)
    sheet, open_sheet = drawn([hidden], pictures), drawn([items[5]], pictures)
    box = sheet.boxes[0]
    rectangle = (box.left + box.width * 3 // 4, box.top, box.left + box.width, box.bottom)
    shown, whole = (
        np.asarray(each.image.crop(rectangle).convert("L"), float) for each in (sheet, open_sheet)
    )
    assert np.abs(np.diff(shown, axis=1)).max() < 6, "no edge is left"
    assert np.abs(np.diff(whole, axis=1)).max() > 10
    plan = plan_sheet(Header(title=""), [hidden], theme=Theme.LIGHT, width=1600, locale="zh-CN")
    assert "剧透" in lines_of(plan.shapes)


def lines_of(shapes) -> str:
    return "\n".join(" ".join(shape.lines) for shape in shapes if isinstance(shape, TextBlock))


@pytest.mark.parametrize("theme", list(Theme))
def test_all_words_stand_within_the_sheet_whatever_they_are(items: list[Item], theme: Theme):
    strange = [
        replace(item, caption=words, credit=words, status=ItemStatus.SHORTLIST)
        for item, words in zip(items, STRANGE, strict=False)
    ]
    header = Header(title=LONG, brief="\n".join(STRANGE), facts=LONG, palette=items[0].palette)
    plan = plan_sheet(header, strange, theme=theme, width=1600, locale="en-US")
    for shape in plan.shapes:
        if isinstance(shape, TextBlock):
            width = shape.width
            left = shape.left - {"l": 0, "m": width / 2, "r": width}[shape.anchor]
            assert left >= 0
            assert left + width <= plan.width
            assert shape.bottom <= plan.height
            assert all(line == drawable(line) for line in shape.lines)
    assert "agnp.exe" in lines_of(plan.shapes)


def test_every_text_can_be_read_on_its_ground():
    def luminance(colour: tuple[int, int, int]) -> float:
        levels = np.array(colour) / 255
        linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    def contrast(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    for colours in COLOURS.values():
        for ink in (colours.ink, colours.soft, colours.heart, colours.accent):
            assert contrast(ink, colours.ground) >= 4.5
        assert contrast(colours.badge_ink, colours.badge) >= 4.5
    assert all(contrast(STATUS_INK, ground) >= 4.5 for ground in STATUS.values())


def test_status_votes_credit_and_number_are_told(items: list[Item]):
    item = replace(
        items[0],
        number=42,
        status=ItemStatus.APPROVED,
        voter_ids=frozenset(range(5)),
        credit="Ada",
        caption="说明文字",
    )
    shapes = plan_sheet(
        Header(title="板"), [item, items[1]], theme=Theme.DARK, width=1600, locale="en-US"
    ).shapes
    words = lines_of(shapes)
    for wanted in ("42", "Approved", "♥ 5", "Ada", "说明文字", "板"):
        assert wanted in words
    assert any(
        isinstance(shape, Panel) and shape.fill == STATUS[ItemStatus.APPROVED] for shape in shapes
    )


def test_the_header_counts_everything_and_tells_the_page(items: list[Item], pictures: PictureCache):
    shown = many(items, 40)
    plan = drawn(shown, pictures, page=3).plan
    assert (plan.page, plan.pages, plan.numbers) == (3, 4, tuple(range(25, 37)))
    assert drawn(shown, pictures, page=99).plan.page == 4
    assert drawn(shown, pictures, page=-1).plan.page == 1


def test_what_the_reader_may_not_see_leaves_no_colour_behind(items: list[Item]):
    red = replace(items[0], palette=items[3].palette)
    board = board_of([red, *items[1:4]])
    assert palette_of_items(board, board.items) == board.palette
    seen = palette_of_items(board, [items[1]])
    near = [
        np.linalg.norm(to_oklab([swatch.rgb]) - to_oklab([own.rgb]))
        for swatch in seen
        for own in items[1].palette
    ]
    assert len(seen) <= len(items[1].palette)
    assert min(near) < 0.01


def test_a_lost_or_broken_file_is_said_and_nothing_fails(
    items: list[Item], pictures: PictureCache, tmp_path: Path
):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    lost = replace(items[0], path=tmp_path / "gone.png", pixel_sha256="0" * 64)
    sheet = drawn([lost, replace(items[1], path=broken, pixel_sha256="1" * 64), items[2]], pictures)
    box = sheet.boxes[0]
    assert sheet.image.getpixel((box.left + 5, box.bottom - 5)) == COLOURS[Theme.LIGHT].tile


def test_only_a_new_picture_is_decoded_again(items: list[Item], pictures: PictureCache, tmp_path):
    before = drawn(items[:12], pictures)
    copies = {path: path.stat().st_mtime_ns for path in (tmp_path / "copies").rglob("*.jpg")}
    assert len(copies) >= 12
    assert drawn(items[:12], pictures).image.tobytes() == before.image.tobytes()
    drawn([items[15], *items[:12]], pictures)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "copies").rglob("*.jpg")}
    assert copies.items() <= after.items()


def test_a_kept_sheet_is_drawn_again_only_when_something_on_it_changed(
    items: list[Item], pictures: PictureCache
):
    board = board_of(items)

    def kept(shown: list[Item], page: int) -> Path:
        return keep_sheet(
            board, items=shown, theme=Theme.LIGHT, page=page, pictures=pictures, locale="en-US"
        )

    first, second = kept(items, 1), kept(items, 2)
    changed = [*items[:20], replace(items[20], caption="another word"), *items[21:]]
    assert kept(changed, 1) == first
    assert kept(changed, 2) != second
    with Image.open(second) as image:
        assert image.width == 1600


def test_sweeping_keeps_what_is_wanted(items: list[Item], pictures: PictureCache, tmp_path: Path):
    drawn(items[:3], pictures)
    assert pictures.sweep({items[0].pixel_sha256}) == 2
    left = {path.name[:64] for path in (tmp_path / "copies").rglob("*.jpg")}
    assert left == {items[0].pixel_sha256}


def test_turned_transparent_and_grey_files_are_shown_as_people_see_them(
    tmp_path: Path, pictures: PictureCache
):
    path = tmp_path / "turned.jpg"
    image = Image.new("RGB", (60, 40), (220, 30, 30))
    exif = image.getexif()
    exif[0x0112] = 6  # lies on its side
    image.save(path, exif=exif)
    turned = item_of(path, 1, width=40, height=60)
    assert pictures.picture(turned, width=40, height=60).size == (40, 60)
    clear = tmp_path / "clear.png"
    Image.new("RGBA", (30, 30), (0, 0, 0, 0)).save(clear)
    shown = pictures.picture(item_of(clear, 2), width=20, height=20)
    assert min(shown.getpixel((10, 10))) > 250


@pytest.mark.parametrize("count", [1, 2, 5, 16, 97, 300])
def test_rows_fill_the_width_and_are_about_equally_high(count: int):
    shapes = [(0.5, 1.0, 1.5, 0.75, 2.3)[i * 7 % 5] for i in range(count)]
    measures = RowMeasures(width=1504, gap=20, words=0.28, apart=36, aspect=1.3, max_height=860)
    rows = arranged(shapes, measures)
    assert [row.begin for row in rows] == [0, *(row.end for row in rows[:-1])]
    assert rows[-1].end == count
    for row in rows[:-1]:
        gaps = 20 * (row.end - row.begin - 1)
        assert row.height * sum(shapes[row.begin : row.end]) + gaps == pytest.approx(1504, abs=1)
    if len(rows) > 2:
        heights = [row.height for row in rows]
        assert max(heights) < 2.2 * min(heights)
    assert arranged([], measures) == []
