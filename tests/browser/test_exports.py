"""Exports: nothing is lost, nothing leaves the page, nothing anybody typed does anything."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdf
import pytest
from PIL import Image

from bot.domain.boards import Item, ItemStatus, Theme
from bot.domain.drawing import DrawTask
from bot.domain.recipe import make_recipe, parse_recipe
from bot.domain.requests import ImageRequest, ModelRules
from bot.locales import sentence
from bot.media.encoding import encode_png
from bot.media.exports import FORMS, ExportError, ExportFile, export_board
from bot.media.exports.print_sheet import natural_width
from bot.media.exports.sheet_layout import plan_sheet
from bot.media.exports.spreadsheet import safe_cell
from bot.media.exports.title_block import Header
from bot.media.kit import SheetLayout
from tests.support.board_samples import board_of, comment, item_of, write_scenes
from tests.support.sampling import sampled

if TYPE_CHECKING:
    from bot.engine.z_image import ZImageEngine

pytest_plugins = ["tests.support.bot_fixtures"]

MIB = 1024**2
WILD = (
    "<script>document.title = 'stolen'</script>",
    '=HYPERLINK("http://evil.example";"click")',
    "שלום עולם",
    "name\u202egnp.exe",
    "' onmouseover='alert(1)\" autofocus x=\"",
    "{{ 7 * 7 }} {% raw %} \\(x\\) )( >> endobj",
    "🔥 " + "word " * 300,
    "\x00\x07control\ud800",
)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_scenes(tmp_path_factory.mktemp("scenes"), 12)


@pytest.fixture(scope="module")
def items(scenes: list[Path]) -> list[Item]:
    return [item_of(path, number) for number, path in enumerate(scenes, start=1)]


@pytest.fixture(scope="module")
def drawn_item(loaded_engine: ZImageEngine, tmp_path_factory: pytest.TempPathFactory) -> Item:
    """Return a picture that the demo model drew, with its recipe."""
    request = ImageRequest.parse(
        prompt="红苹果 a red apple", seed=3, size="128x192", rules=ModelRules(native=256)
    )
    drawing = loaded_engine.draw(DrawTask(request=request))
    path = tmp_path_factory.mktemp("drawn") / "apple.png"
    path.write_bytes(encode_png(drawing.image, recipe=make_recipe(request, drawing)))
    return item_of(path, 77, caption="封面 first choice", status=ItemStatus.APPROVED)


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    """Return pictures that no format makes small."""
    folder = tmp_path_factory.mktemp("noisy")
    items = []
    for number in range(1, 9):
        pixels = np.random.default_rng(number).integers(0, 256, (500, 600, 3), np.uint8)
        path = folder / f"{number}.png"
        Image.fromarray(pixels).save(path)
        items.append(item_of(path, number))
    return items


@pytest.fixture
def export(tmp_path: Path):
    def export(items: list[Item], form: str, **options) -> list[ExportFile]:
        board = board_of(items, **options.pop("board", {}))
        usual = {"limit_bytes": None, "locale": "en-US", "folder": tmp_path / "export"}
        files = export_board(board, items=items, form=form, **{**usual, **options})
        assert all(file.path.name == file.name and file.note for file in files)
        return files

    return export


def wild(items: list[Item]) -> list[Item]:
    return [
        replace(
            item,
            caption=words,
            credit=words,
            tags=(words, "cover"),
            prompt=words,
            added_by_name=words,
            comments=(comment(words, name=words),),
            link="javascript:alert(1)",
        )
        for item, words in zip(items, WILD, strict=False)
    ]


# Every form


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", sampled([0, 1, 3], first=1))
def test_boards_of_few_pictures_and_of_none_are_exported(export, items, form: str, count: int):
    [file] = export(items[:count], form)
    assert file.path.stat().st_size > 0
    assert file.name.startswith("harbour-lights-spring-campaign")


@pytest.mark.parametrize("form", sampled(FORMS, first=2))
def test_files_that_are_gone_are_left_out_and_named(export, items, form: str, tmp_path: Path):
    lost = replace(items[1], path=tmp_path / "gone.png", pixel_sha256="0" * 64)
    files = export([items[0], lost, items[2]], form)
    if form != "png":
        assert "gone: no. 2." in files[0].note


@pytest.mark.parametrize("form", sampled(FORMS, first=1))
def test_anything_may_be_typed_in_any_field(export, items, form: str):
    for locale in ("en-US", "zh-CN"):
        board = {"name": WILD[0] + WILD[3], "brief": "\n".join(WILD[:6]), "owner_name": WILD[4]}
        assert export(wild(items), form, board=board, locale=locale)


@pytest.mark.parametrize("form", sampled(FORMS, first=1))
def test_no_file_is_over_the_limit_and_the_note_says_what_was_done(export, noisy, form: str):
    limit = 1 * MIB
    files = export(noisy, form, limit_bytes=limit)
    assert all(file.path.stat().st_size <= limit for file in files)
    assert 1 <= len(files) <= 10
    if len(files) > 1:
        for number, file in enumerate(files, start=1):
            assert f"Part {number} of {len(files)}, each below 1 MB" in file.note
            assert f"-{number}-of-{len(files)}." in file.name
    else:
        assert "so that it fits 1 MB" in files[0].note


@pytest.mark.parametrize("form", sampled(FORMS, first=1))
def test_an_impossible_limit_is_refused_in_both_languages(export, noisy, form: str, tmp_path: Path):
    with pytest.raises(ExportError, match=r"does not fit into files of 0\.00195 MB") as caught:
        export(noisy[:2], form, limit_bytes=2048)
    assert sentence(caught.value.message, "zh-CN").endswith("。")
    assert not list((tmp_path / "export").glob(f"*.{form}"))


def test_an_export_of_its_own_leaves_no_copies_behind(export, items, tmp_path: Path):
    files = export(items, "html")
    assert list((tmp_path / "export").iterdir()) == [file.path for file in files]


# Archives


def read_zip(file: ExportFile) -> dict[str, bytes]:
    with zipfile.ZipFile(file.path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_archive_holds_the_very_files_and_what_made_them(export, items, drawn_item):
    hidden = replace(items[4], is_spoiler=True)
    [file] = export([drawn_item, *items[:4], hidden], "zip")
    entries = read_zip(file)
    assert entries["pictures/077-封面-first-choice.png"] == drawn_item.path.read_bytes()
    recipe = parse_recipe(entries["recipes/077.json"].decode())
    assert recipe.has_hash
    assert recipe.request.prompt == "红苹果 a red apple"
    assert [name for name in entries if name.startswith("recipes/")] == ["recipes/077.json"]
    assert any(name.startswith("pictures/SPOILER_005") for name in entries)
    with Image.open(io.BytesIO(entries["sheets/sheet-01.jpg"])) as sheet:
        assert sheet.width == 1600
    assert entries["palette.ase"][:4] == b"ASEF"
    assert {"palette.gpl", "palette.css", "palette.json", "README.txt"} <= entries.keys()
    document = json.loads(entries["board.json"])
    assert [each["number"] for each in document["pictures"]] == [77, 1, 2, 3, 4, 5]
    for each in document["pictures"]:
        assert each["file"] in entries
    assert file.note == "All 6 pictures as they are."


def test_the_table_is_read_back_and_holds_no_formula(export, items):
    [file] = export(wild(items), "zip")
    content = read_zip(file)["pictures.csv"]
    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert len(rows) == len(WILD)
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        assert cells["file"] in read_zip(file)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
        assert "\u202e" not in "".join(row)
        assert "\x00" not in "".join(row)
    assert rows[1][2].startswith("'=HYPERLINK")


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\n=1", "\u200e=1", "＝1", "|calc", "%0A"],
)
def test_no_cell_begins_as_a_formula(cell: str):
    assert str(safe_cell(cell)).startswith("'")
    assert safe_cell(-3) == -3
    assert safe_cell("a=b") == "a=b"


def test_a_large_board_is_split_with_every_original_in_one_part(export, noisy):
    limit = 2 * MIB
    files = export(noisy, "zip", limit_bytes=limit)
    found: dict[str, bytes] = {}
    for file in files:
        found |= {name: each for name, each in read_zip(file).items() if "pictures/" in name}
    assert len(files) > 1
    assert sorted(found.values()) == sorted(item.path.read_bytes() for item in noisy)


@pytest.mark.nightly
def test_originals_too_large_for_ten_files_become_copies_and_it_is_said(export, noisy):
    shown = [
        replace(item, number=number, id=f"x{number}")
        for number, item in enumerate(noisy * 4, start=1)
    ]
    files = export(shown, "zip", limit_bytes=MIB)
    pictures = [name for file in files for name in read_zip(file) if "pictures/" in name]
    assert len(pictures) == len(shown)
    assert all(name.endswith(".jpg") for name in pictures)
    assert len(files) <= 10
    assert all("Copies of at most" in file.note for file in files)


def test_one_picture_that_no_file_can_hold_becomes_a_copy_and_is_named(export, items, noisy):
    files = export([items[0], replace(noisy[0], number=9), items[2]], "zip", limit_bytes=700_000)
    assert "too large for it: 9." in " ".join(file.note for file in files)


def test_archives_are_the_same_every_time(export, items, tmp_path: Path):
    first = export(items, "zip")[0].path.read_bytes()
    assert export(items, "zip", folder=tmp_path / "again")[0].path.read_bytes() == first


def test_names_of_files_work_everywhere(export, items):
    names = {
        "../../etc/passwd": "etc-passwd.zip",
        "CON": "con-.zip",
        "春 / 季?*": "春-季.zip",
        "...": "board-board01.zip",
        "a" * 300: f"{'a' * 48}.zip",
    }
    for name, wanted in names.items():
        assert export(items[:1], "zip", board={"name": name})[0].name == wanted


# The page


class Page(HTMLParser):
    """Everything a browser would see as markup."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_holds_everything_and_names_no_address(export, items, drawn_item):
    [file] = export([drawn_item, *items], "html")
    content = file.path.read_text("utf-8")
    page = Page(content)
    assert len(page.all("figure")) == 13
    images = [image["src"] for image in page.all("img") if "src" in image]
    assert len(images) == 13
    assert all(src.startswith("data:image/jpeg;base64,") for src in images)
    assert not page.all("link") + page.all("iframe") + page.all("object")
    assert not [each for each in page.all("script") + page.all("img") if "http" in str(each)]
    assert "@import" not in content
    assert "url(" not in content
    [policy] = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert drawn_item.recipe_text in "".join(page.words)


def test_what_people_typed_is_never_markup_in_the_page(export, items):
    [file] = export(wild(items), "html", board={"name": WILD[0], "brief": WILD[4]})
    page = Page(file.path.read_text("utf-8"))
    assert len(page.all("script")) == 1
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert "autofocus" not in names
    assert not page.all("a"), "no link of theirs is followed"
    assert WILD[0] in "".join(page.words)


def test_a_page_is_split_with_all_pictures_in_order(export, noisy):
    files = export(noisy, "html", limit_bytes=MIB)
    shown = [
        figure["id"]
        for file in files
        for figure in Page(file.path.read_text("utf-8")).all("figure")
    ]
    assert shown == [f"picture-{item.number}" for item in noisy]


def requests_of(browser: Any) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def test_the_page_in_a_browser(export, items, browser):
    shown = [
        replace(items[0], is_spoiler=True, status=ItemStatus.APPROVED, tags=("sea",)),
        *[replace(item, status=ItemStatus.CANDIDATE, tags=("cover",)) for item in items[1:4]],
        *wild(items[4:]),
    ]
    [file] = export(shown, "html", board={"name": WILD[0], "theme": Theme.DARK})

    def number_shown() -> int:
        return browser.execute_script(
            "return [...document.querySelectorAll('figure')].filter(f => f.offsetWidth).length"
        )

    def press(selector: str) -> None:
        browser.execute_script(f"document.querySelector(`{selector}`).click()")

    def of_root(expression: str) -> Any:
        return browser.execute_script(f"return {expression}")

    browser.get("about:blank")
    requests_of(browser)  # of the browser's own first page
    browser.get(file.path.as_uri())
    assert browser.title == WILD[0], "the title is not stolen"
    assert of_root("[...document.images].filter(i => i.src && !i.naturalWidth).length") == 0
    assert number_shown() == len(shown)
    press("[data-status=approved]")
    assert number_shown() == 1 + sum(item.status is ItemStatus.APPROVED for item in shown[4:])
    press("[data-status='']")
    tag = browser.execute_script(
        "return [...document.querySelectorAll('[data-tag]')]"
        ".find(b => b.textContent.startsWith('#sea')).dataset.tag"
    )
    press(f"[data-tag='{tag}']")
    assert number_shown() == 1
    press(f"[data-tag='{tag}']")

    press("#picture-1 .frame")
    assert of_root("document.querySelector('dialog').open") is False, "the first click reveals"
    assert of_root("document.querySelector('#picture-1').classList.contains('revealed')")
    press("#picture-2 .frame")
    assert of_root("document.querySelector('dialog').open")
    browser.switch_to.active_element.send_keys("\ue014")  # the right arrow
    assert of_root("document.querySelector('#said .number').textContent") == "3"
    browser.switch_to.active_element.send_keys("\ue00c")  # Esc
    assert of_root("document.querySelector('dialog').open") is False
    focus = browser.execute_async_script(
        "const done = arguments[0];"
        "setTimeout(() => done(document.activeElement.closest('figure').id))"
    )
    assert focus == "picture-3", "the keyboard goes on from the picture that was looked at last"

    ground = "getComputedStyle(document.body).backgroundColor"
    assert of_root(ground) == "rgb(30, 31, 34)"
    press("#theme")
    assert of_root(ground) == "rgb(250, 250, 248)"
    for width in (1400, 360):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        assert of_root("document.documentElement.scrollWidth") <= width, "nothing sticks out"

    urls = requests_of(browser)
    assert urls
    assert {url.partition(":")[0] for url in urls} <= {"file", "data"}, urls
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


# The document


def test_the_document_opens_and_its_words_are_text(export, items, drawn_item):
    board = {"name": "春季画板 Spring", "brief": "海边安静的清晨"}
    [file] = export([drawn_item, *items[:3]], "pdf", board=board, locale="zh-CN")
    reader = pypdf.PdfReader(file.path, strict=True)
    assert len(reader.pages) == 1 + 1 + 4
    assert reader.metadata.title == "春季画板 Spring"
    title, sheet, first, *_ = [page.extract_text() for page in reader.pages]
    assert "春季画板 Spring" in title
    assert "海边安静的清晨" in title
    assert "封面 first choice" in sheet.replace("\n", " ")
    for wanted in ("封面 first choice", "红苹果 a red apple", "种子", "通过", "128×192"):
        assert wanted in first
    assert drawn_item.pixel_sha256[:16] in first.replace("\n", "")


def test_the_documents_pictures_are_the_pictures(export, drawn_item):
    [file] = export([drawn_item], "pdf")
    [image] = pypdf.PdfReader(file.path).pages[2].images
    with Image.open(drawn_item.path) as original:
        difference = np.asarray(original.convert("RGB"), float) - np.asarray(image.image, float)
    assert np.sqrt((difference**2).mean()) < 6


def test_a_spoiler_is_in_no_document(export, items):
    [file] = export([replace(items[0], is_spoiler=True)], "pdf")
    reader = pypdf.PdfReader(file.path)
    images = [image.image for page in reader.pages for image in page.images]
    assert images
    for image in images:
        levels = np.asarray(image.convert("L"), float)
        assert np.abs(np.diff(levels, axis=1)).max() < 12
    assert "Spoiler" in reader.pages[1].extract_text()


@pytest.mark.nightly
def test_a_document_is_split_into_whole_documents(export, noisy):
    files = export(noisy, "pdf", limit_bytes=MIB)
    assert len(files) > 1
    for number, file in enumerate(files, start=1):
        reader = pypdf.PdfReader(file.path, strict=True)
        assert f"part {number} of {len(files)}" in reader.pages[0].extract_text()


def test_words_are_copied_from_a_document_as_they_were_typed(export, items):
    [file] = export([replace(items[0], caption="שלום 🔥 हिन्दी")], "pdf")
    page = pypdf.PdfReader(file.path).pages[2]
    content = page.get_contents().get_data()
    assert "שלום 🔥 हिन्दी".encode("utf-16-be").hex().encode() in content
    assert "[…]" in page.extract_text()


# The sheet for print


@pytest.mark.nightly
def test_the_sheet_for_print_is_large_and_one_piece(export, items):
    [file] = export(items, "png")
    with Image.open(file.path) as image:
        assert image.format == "PNG"
        assert 4096 <= image.width <= 8192
        assert str(image.width) in file.note


@pytest.mark.nightly
def test_a_board_of_many_large_pictures_is_printed_as_wide_as_8k(items):
    bare = {"caption": "", "credit": "", "prompt": None, "recipe_text": None, "tags": ()}
    many = [replace(items[i % 12], number=i + 1, **bare) for i in range(400)]

    def planned(width: int) -> SheetLayout[Item]:
        header = Header(title="Wall")
        return plan_sheet(header, many, theme=Theme.LIGHT, width=width, locale="en-US", aspect=2.1)

    plan = planned(natural_width(planned))
    assert 6500 <= plan.width <= 8192
    assert plan.width * plan.height <= 35_000_000
