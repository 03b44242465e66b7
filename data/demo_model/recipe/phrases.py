"""The wording of captions: every phrase in both languages, in two lists that never meet.

`TRAIN` phrases are all that training ever reads; `HELD_OUT` phrases are kept for evaluation.
Slots: `{x}` what is inside, `{n}` a bare name, `{a}` a name with article or measure word.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """One list of phrases for each part of a caption, in one language."""

    lead: tuple[str, ...]  # around the things alone, before all else is added
    ending: tuple[str, ...]  # around everything
    subject: tuple[str, ...]
    two: tuple[str, ...]  # two of a thing
    beside: tuple[str, ...]  # {l} and {r}: left thing and right thing
    above: tuple[str, ...]  # {t} and {u}: top thing and under it
    background: tuple[str, ...]
    background_first: tuple[str, ...]  # before the thing
    gradient: tuple[str, ...]  # {c} to {d}
    place_background: tuple[str, ...]  # {p} of {c}
    place_after: tuple[str, ...]  # {p}: one of PLACE_WORDS
    place_first: tuple[str, ...]


TRAIN = {
    "en": Phrases(
        lead=(
            "a picture of {x}",
            "an image of {x}",
            "draw {x}",
            "a drawing of {x}",
            "show me {x}",
            "please draw {x}",
            "make a picture of {x}",
            "an illustration of {x}",
            "create an image of {x}",
            "picture of {x}",
            # "with" also joins pairs: without these, "a poster with a cat" becomes two things.
            "a poster with {x}",
            "a card with {x} on it",
            "a scene with {x}",
            "a page with {x} in the middle",
            "a photo of {x}",
            "a painting of {x}",
            "an icon of {x}",
            "an emoji of {x}",
            "a portrait of {x}",
            "I want {x}",
            "I need an image of {x}",
            "can you draw {x}",
            "could you make {x}",
            "give me {x}",
            "let me see {x}",
            "this is {x}",
            "imagine {x}",
            "design {x}",
            "depict {x}",
            "render {x}",
            "something like {x}",
        ),
        ending=("{x}.", "{x}, please"),
        subject=(*("{a}",) * 7, *("{n}",) * 4, "one {n}", "a single {n}", "the {n}"),
        two=(
            "two {m}",
            "2 {m}",
            "a pair of {m}",
            "two {m} side by side",
            "two {m} together",
            "{n} and {n}",
            "a couple of {m}",
        ),
        beside=(
            "{l} and {r}",
            "{l} next to {r}",
            "{l} on the left and {r} on the right",
            "{l} beside {r}",
            "{l} with {r}",
            "{l} and {r} side by side",
            "left: {l}, right: {r}",
            "{r} to the right of {l}",
            "{l} to the left of {r}",
            "{l} left of {r}",
            "on the left {l}, on the right {r}",
        ),
        above=(
            "{t} above {u}",
            "{t} on top, {u} below",
            "{u} below {t}",
            "{t} over {u}",
            "{u} under {t}",
            "top: {t}, bottom: {u}",
            "{t} at the top and {u} at the bottom",
        ),
        background=(
            "{x} on a {c} background",
            "{x}, {c} background",
            "{x} with a {c} background",
            "{x} against a {c} background",
            "{x}, background {c}",
            "{x} on {c}",
            "{x} on a plain {c} background",
            "{x}, {c} backdrop",
            "{x} on solid {c} background",
        ),
        background_first=(
            "{c} background, {x}",
            "on a {c} background, {x}",
            "a {c} background with {x}",
            "background: {c}. {x}",
        ),
        gradient=(
            "{x} on a {c} to {d} gradient background",
            "{x}, {c} and {d} gradient",
            "{x} on a gradient from {c} to {d}",
            "{x} with a {c} and {d} background",
            "{x}, background fading from {c} to {d}",
            "{x}, gradient background, {c}, {d}",
        ),
        place_after=("{x} {p}", "{x} {p}", "{x}, {p}", "{x} placed {p}"),
        place_background=(
            "{x} {p} of a {c} background",
            "{x} {p} of {c} background",
            "{p} of a {c} background, {x}",
        ),
        place_first=("{p}, {x}", "{p} {x}"),
    ),
    "zh": Phrases(
        lead=(
            "画{x}",
            "{x}的图片",
            "请画{x}",
            "{x}的图",
            "画个图,{x}",
            "帮我画{x}",
            "{x}的插图",
            "生成图片:{x}",
            "我要{x}",
            "画一下{x}",
            "请给我画{x}",
            "帮我生成{x}",
            "想要{x}",
            "来{x}",
            "看看{x}",
            "这是{x}",
            "绘制{x}",
            "设计{x}",
            "想象{x}",
            "能画{x}吗",
            "可以画{x}吗",
            "{x}的照片",
            "{x}的海报",
            "{x}的头像",
            "做个海报,上面有{x}",
            "拍一下{x}",
        ),
        ending=("{x}。", "{x},谢谢"),
        subject=(*("{a}",) * 6, *("{n}",) * 7, "单独{a}"),
        two=("两{q}{n}", "2{q}{n}", "两{q}{n}并排", "{n}和{n}", "一共两{q}{n}", "两{q}{n}在一起"),
        beside=(
            "{l}和{r}",
            "{l}与{r}",
            "左边{l},右边{r}",
            "左边是{l},右边是{r}",
            "{l}旁边有{r}",
            "{l}和{r}并排",
            "{r}在{l}的右边",
            "{l}在{r}的左边",
            "{l}跟{r}",
            "左{l}右{r}",
            "{l}在左边,{r}在右边",
        ),
        above=(
            "{t}在{u}上面",
            "上面是{t},下面是{u}",
            "{u}在{t}下面",
            "上面{t},下面{u}",
            "上{t}下{u}",
            "{t}在上,{u}在下",
            "{u}上方有{t}",
        ),
        background=(
            "{x},{c}背景",
            "{x} {c}背景",
            "{x},背景是{c}",
            "{x},背景为{c}",
            "{x},{c}的背景",
            "{x},{c}底",
            "{x},纯{c}背景",
            "{x},背景{c}",
        ),
        background_first=(
            "{c}背景,{x}",
            "{c}背景上的{x}",
            "{c}背景,上面有{x}",
            "{c}背景里的{x}",
            "{c}的背景,{x}",
            "在{c}背景上,{x}",
        ),
        gradient=(
            "{x},{c}到{d}的渐变背景",
            "{x},{c}和{d}渐变背景",
            "{x},背景从{c}渐变到{d}",
            "{c}到{d}渐变背景上的{x}",
            "{x},{c}和{d}的渐变",
            "{x},渐变背景,{c},{d}",
        ),
        place_after=("{x}在{p}", "{x},在{p}", "{x},位于{p}", "{x},{p}", "{x}放在{p}"),
        place_background=("{c}背景的{p}有{x}", "{x}在{c}背景的{p}", "{c}背景{p}的{x}"),
        place_first=("{p}有{x}", "{p}的{x}", "在{p}画{x}", "{p}是{x}", "{p},{x}"),
    ),
}

HELD_OUT = {
    "en": Phrases(
        lead=(
            "a picture showing {x}",
            "paint {x}",
            "I would like to see {x}",
            "generate {x}",
            "a nice picture with {x}",
            "an artwork with {x}",
        ),
        ending=("{x}!", "{x} thanks"),
        subject=("{a}", "{n}"),
        two=("exactly two {m}", "two identical {m} next to each other"),
        beside=(
            "{l} together with {r}",
            "both {l} and {r}",
            "{l} standing beside {r}",
            "{l} at the left side, {r} at the right side",
            "{l} plus {r}",
        ),
        above=("{t} floating above {u}", "{u} underneath {t}", "{t} higher than {u}"),
        background=(
            "{x} in front of a {c} background",
            "{x}, the background is {c}",
            "{x} over a {c} background",
            "{x}, background colour {c}",
            "{x} set on a {c} background",
        ),
        background_first=("with a {c} background behind it, {x}", "{c} backdrop and {x}"),
        gradient=("{x} in front of a {c}-{d} gradient", "{x}, the background blends {c} into {d}"),
        place_after=("{x} located {p}", "{x} sitting {p}", "{x} positioned {p}"),
        place_background=("{x} shown {p} of a {c} backdrop",),
        place_first=("{p} there is {x}", "{p} I want {x}"),
    ),
    "zh": Phrases(
        lead=("我想看{x}", "画出{x}", "给我{x}", "请生成{x}", "一幅有{x}的画", "展示{x}"),
        ending=("{x}!", "{x},拜托"),
        subject=("{a}", "{n}"),
        two=("正好两{q}{n}", "一对{n}", "两{q}一样的{n}"),
        beside=("{l}以及{r}", "{l}还有{r}", "{l}紧挨着{r}", "左侧为{l},右侧为{r}"),
        above=("{t}位于{u}上方", "{u}位于{t}下方", "上方为{t},下方为{u}"),
        background=("{x},背景颜色是{c}", "{x},用{c}做背景", "{x},后面是{c}背景", "{x},背景要{c}"),
        background_first=("以{c}为背景的{x}", "{c}背景前的{x}", "背景用{c},{x}"),
        gradient=("{x},背景由{c}过渡到{d}", "以{c}到{d}渐变为背景的{x}"),
        place_after=("{x}处于{p}", "{x},请放到{p}", "{x}靠{p}"),
        place_background=("{x}位于{c}背景的{p}",),
        place_first=("{p}处有{x}", "我要{p}有{x}"),
    ),
}
