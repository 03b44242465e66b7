"""A file asks for an image a row, as editors and spreadsheets of all systems write it."""

from __future__ import annotations

import codecs

import pytest

from bot.domain.prompt_files import MAX_FILE_BYTES, PromptRowsError, read_prompt_file
from bot.errors import InvalidRequestError
from bot.locales import sentence


def typed(content: bytes | str, name: str) -> list[tuple[int, dict[str, str]]]:
    file = read_prompt_file(content.encode() if isinstance(content, str) else content, name)
    assert not file.wrong
    return [(each.line, dict(each.typed)) for each in file.rows]


def wrong(content: str, name: str) -> dict[int, str]:
    return dict(read_prompt_file(content.encode(), name).wrong)


@pytest.mark.parametrize("mark", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_has_a_prompt_a_line_and_remarks(mark: str):
    content = "# fruit\n红苹果\n\r\n  a pear, on a table \n".encode(mark)
    assert typed(content, "list.txt") == [
        (2, {"prompt": "红苹果"}),
        (4, {"prompt": "a pear, on a table"}),
    ]


def test_big_endian_is_text_too():
    content = codecs.BOM_UTF16_BE + "红苹果".encode("utf-16-be")
    assert typed(content, "list") == [(1, {"prompt": "红苹果"})]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_has_named_columns_whatever_separates_them(separator: str):
    rows = [["Prompt", "size", "seed"], ["a red apple", "wide", "7"], ["红苹果", "", ""]]
    content = "\r\n".join(separator.join(row) for row in rows)
    assert typed(content, "list.csv") == [
        (2, {"prompt": "a red apple", "size": "wide", "seed": "7"}),
        (3, {"prompt": "红苹果"}),
    ]


def test_csv_may_quote_and_break_lines_and_one_column_needs_no_quotes():
    quoted = 'prompt,seed\n"a cup,\non a ""table""",5\n\n,8\n'
    assert typed(quoted, "a.csv") == [
        (2, {"prompt": 'a cup,\non a "table"', "seed": "5"}),
        (5, {"seed": "8"}),
    ]
    assert typed("prompt\na cup, on a table\n", "a.csv") == [(2, {"prompt": "a cup, on a table"})]


def test_json_lines_have_words_and_numbers():
    content = '{"prompt": "a", "seed": 7, "guidance": 1.2, "size": null}\n\n{"prompt": "b"}'
    assert typed(content, "a.jsonl") == [
        (1, {"prompt": "a", "seed": "7", "guidance": "1.2"}),
        (3, {"prompt": "b"}),
    ]


def test_rows_that_do_not_work_are_named_by_their_lines():
    assert wrong("prompt,seed\na,1,2\nb,2\n", "a.csv") == {
        2: "It has 3 values, and there are 2 columns: put quotation marks around a prompt with "
        "commas."
    }
    assert list(wrong('prompt,seed\na,1\n"b,2\n', "a.csv")) == [3]
    found = wrong('{"prompt": "a"}\n[1]\n{"colour": 1}\n{"prompt": ["b"]}\n{"a"', "a.jsonl")
    assert list(found) == [2, 3, 4, 5]
    assert "'colour' means nothing: use prompt, size" in found[3]
    assert "The prompt '[\"b\"]' does not work" in found[4]
    assert list(wrong("[" * 100_000, "a.json")) == [1]


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        (b"# nothing\n\n", "a.txt", "'a.txt' holds no prompt"),
        (b"prompt,size\n", "a.csv", "'a.csv' holds no prompt"),
        (b"", "a.jsonl", "'a.jsonl' holds no prompt"),
        (b"colour,prompt\nred,a\n", "a.csv", "column 'colour', which means nothing.* prompt, size"),
        (b"prompt,Prompt\na,b\n", "a.csv", "column 'prompt' twice"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "a.txt", "cannot be read: it is not UTF-8 text"),
        (b"x" * (MAX_FILE_BYTES + 1), "a.txt", r"has 1\.0 MB: 1 MB is the limit"),
    ],
)
def test_a_file_of_something_else_is_refused_in_one_sentence(content, name, expected):
    with pytest.raises(InvalidRequestError, match=expected) as refusal:
        read_prompt_file(content, name)
    assert "\n" not in refusal.value.message
    assert sentence(refusal.value.message, "zh-CN") != refusal.value.message


def test_ten_rows_are_named_and_the_others_counted_in_both_languages():
    bad = dict.fromkeys(range(2, 24), "The seed 'x' does not work: use a whole number from 0 to 9.")
    error = PromptRowsError("list.csv", bad)
    lines = error.message.splitlines()
    assert lines[0] == "Nothing of 'list.csv' is drawn: 22 rows do not work."
    assert lines[1] == "Line 2 of the file: " + bad[2]
    assert lines[-1] == "And 12 more."
    assert len(lines) == 12
    chinese = sentence(error.message, "zh-CN").splitlines()
    assert chinese[0] == "'list.csv' 没有画：22 行有问题。"
    assert chinese[1] == "文件第 2 行：种子 'x' 不行：请用 0 到 9 的整数。"
    assert chinese[-1] == "还有 12 行。"
