"""The bot's replies in English; the keys are those of `chinese.py`."""

from __future__ import annotations

from typing import Final

from bot.locales.boards import BOARDS_ENGLISH
from bot.locales.exhibits import EXHIBITS_ENGLISH
from bot.locales.moderation import MODERATION_ENGLISH
from bot.locales.privacy import PRIVACY_ENGLISH
from bot.locales.rules import RULES_ENGLISH
from bot.locales.styles import STYLES_ENGLISH
from bot.locales.usage import USAGE_ENGLISH

ENGLISH: Final[dict[str, str]] = {
    **EXHIBITS_ENGLISH,
    **BOARDS_ENGLISH,
    **USAGE_ENGLISH,
    **PRIVACY_ENGLISH,
    **MODERATION_ENGLISH,
    **RULES_ENGLISH,
    **STYLES_ENGLISH,
    # The message of a job
    "queued_next": "⏳ **Next in line**",
    "queued": "⏳ **Number {position} in line**",
    "queued_paused": "⏸️ **In line** · a moderator has paused drawing here for now",
    "ready": "ready {when}",
    "not_drawn": "⚠️ This was not drawn. Please try again.",
    "kept": "⏸️ The bot restarts. Your place is kept; it goes on by itself.",
    "drawing": "🎨 **Drawing** · step {step} of {total}",
    "drawing_one_of": "🎨 **Drawing image {number} of {count}** · step {step} of {total}",
    "redrawn": "🔄 Taken up again after a restart.",
    "cancelled": "🛑 Cancelled. Nothing was kept.",
    "cancelled_by_moderator": "🛑 A moderator cancelled this. Nothing was kept.",
    "failed": "⚠️ {sentence}",
    "fact_seed": "seed `{seed}`",
    "requested_by": "for {user}",
    "seconds": "{seconds:.1f} s",
    "alt_text": "{prompt} (generated image)",
    "same_pixels_many": "✅ **Pixel for pixel the same: {same} of {count}**",
    "recipes_many": "The recipes of {count} images, by their numbers, are in this file. Choose one "
    "image to read its own.",
    "same_pixels": "✅ **Pixel for pixel the same as `{id}`** · SHA-256 `{sha}`",
    "other_pixels": "⚠️ **Not the same pixels as `{id}`**: {reason}",
    "other_by": "at most {max} of 255 levels, {mean} on average, PSNR {psnr} dB; ",
    "other_conditions": "it was made with {differences}.",
    "other_unknown": "nothing recorded explains the difference.",
    "difference": "{name} {before}, now {after}",
    "parent_gone": "The original `{id}` is gone, so there is nothing to compare with.",
    "lossless_webp": "The PNG is over this place's upload limit: this is the same image as "
    "lossless WebP.",
    "lossy_webp": "Over this place's upload limit even without loss: this copy is WebP "
    "of high quality. The exact pixels are kept; `/show` them where larger files are allowed.",
    "reduced_webp": "Over this place's upload limit: this copy is smaller. The exact pixels "
    "are kept; `/show` them where larger files are allowed.",
    "file_missing": "⚠️ The file of `{id}` is gone: **Same seed** draws it again.",
    "file_damaged": "⚠️ The file of `{id}` is damaged: **Same seed** draws it again.",
    "other_unread": "the file of one of them is damaged or gone, so how far apart they are is not "
    "known; ",
    "too_large": "The image is kept as `{id}`, but no copy of it fits under this place's upload "
    "limit.",
    "file_gone": "The file of `{id}` is gone, so it cannot be shown any more.",
    "quality_draft": "draft",
    "quality_standard": "standard",
    "quality_final": "final",
    # The fields of a request; bot/domain/requests/request.py has the table
    "field_prompt": "prompt",
    "field_size": "size",
    "field_seed": "seed",
    "field_quality": "quality",
    "field_guidance": "guidance",
    "field_variety": "variety",
    "field_negative": "negative prompt",
    "field_strength": "strength",
    "field_lora": "LoRA",
    "field_style": "style",
    "field_fit": "fit",
    "field_control_scale": "control scale",
    "idle_strength": "The strength has no effect without a source: it says how much of the source "
    "is redrawn.",
    "idle_negative": "The negative prompt has no effect while guidance is 0: set guidance to "
    "{guidance:g} or more.",
    "idle_control_scale": "The control scale has no effect without a control picture: it says how "
    "strongly the image follows one.",
    "fact_field": "{name} {value}",
    # A comparison's sheet
    "sheet_prompts": "Prompts compared",
    "sheet_part": "{made} of {count}",
    "sheet_seeds": "{count} images, seeds {first} to {last}",
    "button_large": "Draw large",
    "about_large": "The same composition, at full size and with detail",
    "button_around": "More around it",
    "about_around": "Nine more drafts like this one",
    "drawn_large": "Composition {percent}% like draft {number} (`{id}`)",
    "choose_first": "This is about one image: choose it from the {count} in the lists under the "
    "sheet first, and do it there.",
    "batch_images": "{count} images",
    "batch_question": "**This draws {count} images**, all with one seed:",
    "batch_more": "and {count} more",
    "batch_cost": "They count as {images} of your quota; {left} are left.",
    "batch_dropped": "Nothing is drawn.",
    "batch_over": "This was answered before, is over a week old, or is not yours: use `/imagine` "
    "again.",
    "button_draw_all": "Draw them",
    "sheet_source": "the source",
    "sheet_alt": "{count} images compared: {captions}",
    "sheet_cancelled": "🛑 Cancelled: {made} of {count} were drawn before and are kept.",
    "sheet_failed": "⚠️ {made} of {count} are here. The others: {sentence}",
    "sheet_lossy": "The sheet is WebP of high quality, because of this place's upload limit; the "
    "buttons bring the exact images.",
    "sheet_too_large": "The images are kept, but no sheet of them fits under this place's upload "
    "limit: the buttons bring each.",
    "sheet_no_files": "The files of these images are gone or damaged: **Same seed** draws "
    "them again.",
    "compare_fixed": "{option} is what varies, so it cannot also be {value}: leave that option "
    "out, or let something else vary.",
    # Buttons
    "button_same": "Same seed",
    "button_new": "New seed",
    "button_edit": "Edit",
    "button_recipe": "Recipe",
    "button_delete": "Delete",
    "button_cancel": "Cancel",
    "button_show_one": "U{number}",
    "button_vary_one": "V{number}",
    "choose_legend": "U: show one large · V: vary one",
    "choose_image": "Choose an image…",
    "choose_option": "{number} · seed {seed}",
    "more_actions": "More…",
    "about_new": "The same words, another picture",
    "about_strong": "Four new ones with its composition",
    "about_subtle": "Four that differ only in details",
    "about_edit": "Change the words, the size or the seed",
    "about_use": "Start from it, and say what it becomes",
    "about_region": "Redraw one part; the rest stays, pixel for pixel",
    "about_extend": "Zoom out, or continue beyond an edge",
    "about_upscale": "2 or 4 times as large, with new detail if you like",
    "about_same": "Draw it again, pixel for pixel",
    "about_recipe": "How it was made; only you see it",
    "about_board": "Hang it up on a mood board",
    "about_delete": "Remove it for everybody; you have a day to undo it",
    "button_newer": "Newer",
    "button_older": "Older",
    "edit_title": "Edit and draw again",
    # What works in other programs
    "hint_title": "💡 Your image is drawn. One thing, said only once: the prompt is plain language "
    "here, and some of yours is another program's notation, which is read as letters.",
    "hint_weights": "- Weights such as `(word:1.3)` or `((word))`: put what matters first and in "
    "words of its own. `guidance` from {low:g} to {high:g} follows the whole prompt more strictly.",
    "hint_options": "- Options such as `--ar 16:9`: use the command's own. `size:wide` or "
    "`size:1280x720` is the shape; there are also `seed`, `quality`, `variety` and `guidance`.",
    "hint_negatives": "- Negative prompts, `--no` too: what a prompt names tends to appear. Give "
    "it as `negative`, with `guidance` above 0, or say what is there instead, such as “an empty "
    "street” for no people.",
    "hint_adapters": "- `<lora:…>` of a LoRA that is not here, and embeddings: nothing is loaded. "
    "`/lora list` shows what there is; choose one with `lora`, or describe the style in words.",
    "hint_breaks": "- `BREAK`: begin a new sentence instead.",
    "hint_choices": "- Braces such as `{{red, green}}`: a new `/imagine` draws each; edited "
    "prompts and files are taken as they are.",
    "hint_settings": "- Settings copied along, such as `Steps: 20, Sampler: …`: keep the words "
    "only, and give `seed` and `size` as options. `quality` is the number of steps.",
    "disk_full": "My disk is full, so this was not done: whoever runs me has to make room.",
    "imagine_title": "Edit and draw",
    "form_again": "Edit again",
    "form_gone": "I do not know this form any more: open it again. What you typed is below.",
    "form_old": "This form is from more than a week ago: open a new one.",
    "edit_size_hint": "a name such as portrait, or WIDTHxHEIGHT",
    "edit_seed_hint": "keep it to change only what you edit; empty draws a new one",
    "edit_variety_hint": "0 to 100: higher lets seeds differ more",
    "edit_negative_hint": "what the image should not show; works with a guidance above 0",
    # LoRAs
    "lora_triggers": "The LoRA {name} was trained to react to: {words}. Your prompt has none of "
    "these words; with one of them it usually shows more.",
    "loras_title": "### LoRAs: {count}",
    "loras_how": "-# `/imagine lora:` takes one by its name, or several: `neon:0.8, ink:0.5`. 1 is "
    "the usual scale; 0.5 to 0.8 leaves more of your own words.",
    "loras_not_here": "-# This server's rules let nobody draw with them here.",
    "loras_none": "There are no LoRAs here yet: whoever runs me puts .safetensors files into my "
    "folder of LoRAs, and they can be used at once.",
    "loras_before": "Back",
    "loras_after": "Next",
    "lora_words": "Trigger words: {words}",
    "lora_size": "{size} MB",
    "lora_rank": "rank {rank}",
    "lora_base": "for {base}",
    "lora_unread": "being read for the first time",
    # Recipe
    "recipe_title": "### Recipe of `{id}`",
    "recipe_prompt_used": "What the model read",
    "recipe_again": "To draw it again, anywhere this bot is",
    "recipe_field_model": "model",
    "recipe_field_steps": "steps",
    "recipe_field_device": "device",
    "recipe_field_versions": "versions",
    "recipe_field_time": "time",
    "recipe_field_pixels": "pixels, SHA-256",
    "recipe_input_source": "source, SHA-256",
    "recipe_input_mask": "mask, SHA-256",
    "recipe_input_control": "map, SHA-256",
    "recipe_control": "control",
    "recipe_field_made": "made",
    # Lineage
    "strength_all": "all of them, compared on one sheet",
    "relation_imagine": "from words",
    "relation_same_seed": "same seed",
    "relation_new_seed": "new seed",
    "relation_variation": "variation",
    "relation_edit": "edit",
    "relation_source": "from a picture",
    "relation_region": "region edited",
    "relation_extension": "extended",
    "kind_text": "from words alone",
    "kind_image": "with a picture, in any way",
    "kind_source": "made from a picture",
    "kind_region": "with a region redrawn",
    "kind_extension": "extended",
    "kind_upscale": "upscaled",
    "kind_lora": "with a LoRA",
    "kind_control": "steered by a map",
    "kind_same-seed": "drawn again",
    "kind_new-seed": "with a new seed",
    "kind_variation": "varied",
    "kind_edit": "edited",
    "relation_upscale": "upscaled",
    "button_upscale": "Upscale",
    "upscale_title": "Make it larger",
    "upscale_factor": "How many times as large",
    "upscale_way": "How",
    "upscale_plain": "Upscale",
    "upscale_plain_help": "Quick; shapes stay exactly where they are",
    "upscale_detail": "Upscale with detail",
    "upscale_detail_help": "Adds fine detail; takes longer",
    "upscale_full": "{size} cannot be made larger: a side may have {limit} pixels.",
    "upscale_no_words": "`{id}` is an upload that was made larger, so it has no prompt: press "
    "**Use as source** to make something new of it.",
    "upscale_parent_gone": "What `{id}` was made from is deleted or belongs elsewhere: press "
    "**Use as source** to make something of this one.",
    "fact_upscaled": "upscaled",
    "fact_upscaled_detail": "upscaled with detail",
    "button_subtle": "Vary subtly",
    "button_strong": "Vary",
    "button_use": "Use as source",
    "button_region": "Edit region",
    "region_how": "Which part should be redrawn? Choose cells of the grid, name the part, or "
    "upload a mask. The rest stays as it is, pixel for pixel.",
    "region_alt": "The image under a numbered grid",
    "region_choose": "Choose cells",
    "region_cell": "Cell {number}",
    "region_cells": "Cells",
    "region_cells_hint": "By their numbers in the picture; or use one of the next two",
    "region_words": "Or the part in words",
    "region_words_hint": "left half, top third, bottom right, center, edges …",
    "region_mask": "Or a mask",
    "region_mask_hint": "Where to draw: white on black, painted red, or transparent",
    "region_prompt_hint": "Describe the whole picture, including what the region should show",
    "button_extend": "Extend",
    "extend_how": "Which way",
    "extend_zoom-1.5": "Zoom out 1.5×",
    "extend_zoom-2": "Zoom out 2×",
    "extend_left": "To the left",
    "extend_right": "To the right",
    "extend_up": "Upwards",
    "extend_down": "Downwards",
    "extend_shape": "To {name}, {size}",
    "extend_prompt_hint": "Describe the whole picture as it will be",
    "extend_lost": "{size} is as large as this grows: {count} pixels on the other side are gone.",
    "strength_new": "new",
    "source_title": "Make something new of this picture",
    "source_size_hint": "Empty: the one nearest to the picture's",
    "source_seed_hint": "Empty: a random one",
    "source_which": "Which image",
    "source_one": "Image {number} · {id}",
    "control_canny": "edges (canny)",
    "control_scribble": "scribble",
    "control_gray": "brightness (gray)",
    "control_depth": "depth",
    "control_pose": "pose",
    "control_mlsd": "straight lines (mlsd)",
    "steered_by": "Follows this map: {kind} · scale {scale}",
    "map_missing": "its file is gone here",
    "map_damaged": "its file is damaged here",
    "sheet_map": "the map",
    "strength_touch": "touch",
    "strength_subtle": "subtle",
    "strength_strong": "strong",
    "strength_redraw": "redraw",
    "fit_crop": "crop",
    "fit_pad": "pad with white",
    "change_field": "{name} {before} → {after}",
    "change_field_added": "{name} {after}",
    "change_text": "{name}: “{before}” → “{after}”",
    "change_text_added": "{name}: added “{after}”",
    "change_text_removed": "{name}: without “{before}”",
    "line_title": "Where it comes from",
    "line_step": "↳ `{id}` {relation}",
    "line_first": "`{id}` {relation}",
    "line_skipped": "… {count} images between …",
    "line_earlier": "… more before …",
    "line_deleted": "deleted",
    "line_elsewhere": "an image you can't see here",
    "line_children": "Made from it: {count}",
    "line_no_children": "Made from it: nothing yet",
    "family_title": "Family of {id}",
    "family_count": "{count} images",
    "family_alone": "one image",
    "family_left_out": "the nearest {shown}; {count} are not shown",
    "family_left_out_at_least": "the nearest {shown}; more than {count} are not shown",
    "family_deleted": "deleted",
    "family_elsewhere": "not visible here",
    "family_missing": "file is gone",
    "family_damaged": "file is damaged",
    "family_spoiler": "spoiler",
    "family_alone_hint": "Nothing was made from it yet: press **New seed** or **Edit** under it.",
    "family_spoiler_hint": "Hidden images stay hidden; `spoilers:True` shows them behind a click.",
    "family_more_here": "This message also holds {ids}.",
    "family_alt": "Family tree of image {id}: {count} images",
    "no_image_of_yours": "You have made no image here yet: try `/imagine`, or name an id.",
    "no_image_there": "That message holds no image of mine that belongs here.",
    "inspect_here": "✅ **Made here**, pixel for pixel: {ids} · `/show` brings it back",
    "inspect_damaged": "🔎 It may be a copy of {ids}, whose files are damaged or gone: **Same "
    "seed** draws them again.",
    "inspect_lookalike": "🔎 **A changed copy of `{id}`**, which was made here (re-compressed, "
    "resized or from a screen) · `/show` brings back the original",
    "inspect_signed": "✅ **Made by this bot**: the recipe in the file bears its signature.",
    "inspect_kept": "✅ **Made by this bot**: it keeps the recipe in the file itself.",
    "inspect_altered": "⚠️ **Not by this bot**: the signature in the file claims its key, but that "
    "never signed this recipe.",
    "inspect_other_key": "The recipe is signed by another installation of this bot (or by this "
    "one, before its database was lost), which cannot be checked here: anybody could have "
    "written it.",
    "inspect_consistent": "The recipe in the file is consistent with itself, but **nothing proves "
    "who wrote it**: anybody could have.",
    "inspect_unhashed": "The recipe in the file is of an early version, and **nothing proves who "
    "wrote it**: anybody could have.",
    "inspect_whole": "The pixels are those that the recipe tells of.",
    "inspect_changed": "⚠️ The pixels are not those that the recipe tells of: the picture was "
    "changed, or the recipe belongs to another one.",
    "inspect_own_shown": "What follows is what I keep of the image, not what the file says:",
    "inspect_tool": "This picture says that **{tool}** made it, so (nothing proves it):",
    "inspect_some_tool": "This picture says, in the form of {tool}, that it was made so (nothing "
    "proves it):",
    "inspect_negative": "-# without: {words}",
    "inspect_no_prompt": "It holds no prompt that could be drawn here.",
    "inspect_prompt_unusable": "Its prompt is too long to be drawn here.",
    "inspect_takeover": "**Draw this here** takes the prompt, {size} and seed {seed}. It becomes "
    "another picture: the model is another one.",
    "inspect_any_seed": "–, a new one each time",
    "inspect_left_out": "-# Not taken over: {what}.",
    "left_out_negative_prompt": "the negative prompt (it counts with guidance only)",
    "left_out_sampler": "the sampler",
    "left_out_guidance": "the CFG scale",
    "left_out_loras": "LoRAs",
    "left_out_weights": "the weights of words",
    "left_out_seed": "the seed, which is out of range",
    "list_comma": ", ",
    "inspect_generated": "Its file declares that a model generated it (IPTC digital source type).",
    "inspect_partly_generated": "Its file declares that a model generated parts of it (IPTC "
    "digital source type).",
    "inspect_credentials": "It holds content credentials (C2PA), which I do not check: "
    "contentcredentials.org/verify does.",
    "inspect_program": "-# Saved by {program}, as the file says",
    "button_draw_here": "Draw this here",
    "takeover_gone": "What this picture says is no longer kept: inspect it again.",
    "inspect_nothing": "This picture holds no recipe of mine or of another program, and no image "
    "made here has its pixels or looks like it: it comes from elsewhere, or was changed too much.",
    "no_picture_here": "This message holds no picture: use it on one that does.",
    # Answers
    "deleted": "🗑️ Deleted `{ids}`.",
    "deleting": "🗑️ `{ids}` is being deleted: nobody finds it any more, but Discord has not let go "
    "of every message with it yet. I keep trying. {links}",
    "delete_refused": "🗑️ `{ids}` is deleted, but Discord does not let me remove every message "
    "that shows it. Somebody who may delete messages there can: {links}",
    "deleted_until": "You can bring back what you deleted until {when}.",
    "deleted_no_room": "It cannot be brought back: there is no room left to keep it for a day.",
    "button_bring_back": "Bring back",
    "brought_back": "♻️ `{ids}` is back, and is posted again where it was: {channels}.",
    "brought_back_boards": "It hangs again on {names}.",
    "no_image_here": "This message holds no image of mine.",
    "no_draft": "The image `{id}` is no draft that could be drawn large ({size}): press "
    "**Vary** under it instead.",
    "not_for_here": "`{id}` comes from a channel that not everyone here may see: draw it again "
    "there.",
    "shown_to_you": "🔒 Only you see this: not everyone here may see the channel it was made in.",
    "not_found": "There is no image `{id}` here: it was deleted, or it belongs to another place.",
    "history_title": "### Images made here",
    "history_title_mine": "### Your images",
    "history_search": "containing “{search}”",
    "search_too_long": "The search is {count} characters too long: leave something out.",
    "history_empty": "Nothing here yet: try `/imagine`.",
    "history_nothing_found": "Nothing found for “{search}”.",
    "history_page": "page {page}",
    "queue_title": "### In line",
    "queue_empty": "Nobody is waiting: `/imagine` starts at once.",
    "queue_entry": "{position}. {user} · {prompt} · {when}",
    "queue_running": "🎨 {user} · {prompt} · {when}",
    "queue_more": "… and {count} more",
    "queue_unknown_time": "soon",
    "queue_you": "you",
    "queue_hidden": "somebody elsewhere",
    "cancel_queued": "🛑 `{id}` was waiting and is cancelled; nothing of it was drawn.",
    "cancel_running": "🛑 `{id}` was being drawn and stops at the next step.",
    "cancel_too_late": "`{id}` is already finished: there is nothing left to stop.",
    "cancel_not_yours": "`{id}` belongs to somebody else: only they and moderators can cancel it.",
    "cancel_unknown": "There is no waiting or running job `{id}` here.",
    "cancel_nothing": "You have nothing in line to cancel.",
    "queue_paused_entry": "{position}. {user} · {prompt} · ⏸️ paused",
    "moved": "⏫ `{id}` is the next one of this server{when}.",
    "moved_when": ", ready {when}",
    "not_waiting": "No job `{id}` of this server is waiting: see `/queue`.",
    "paused": "⏸️ Drawing is paused for this server. New jobs still join the line; "
    "`/jobs resume` lets them go on.",
    "resumed": "▶️ The jobs of this server go on.",
    "was_not_paused": "Nothing is paused for this server.",
    "paused_everywhere": "⏸️ The bot's owner has paused drawing everywhere: only they can resume "
    "it, with `/jobs resume everywhere:True`.",
    "cleared": "🧹 Cancelled {count} waiting jobs of this server. What is being drawn goes on: "
    "`/cancel` stops it.",
    "cleared_of": "🧹 Cancelled {count} waiting jobs of {user}.",
    "nothing_to_clear": "Nothing of this server is waiting.",
    # Answers that a restart interrupts
    "deferral_button": "what you pressed",
    "deferral_form": "your form",
    "deferral_goes_on": "⏸️ The bot restarts. After that it goes on with {what} by itself, and the "
    "answer comes here, or in a direct message if it takes too long.",
    "deferral_ask_again": "⏸️ The bot was interrupted before it could answer {what}: please ask "
    "again in a minute.",
    "deferral_look_first": "⏸️ The bot was interrupted while it worked on {what}: look whether it "
    "is done before you ask again.",
    "deferral_gave_up": "⚠️ The bot was interrupted at {what} several times and does not try again: "
    "ask for less at once, or tell whoever runs it.",
    "discord_silent": "Discord did not answer me just now, so this may not be done: please look, "
    "and try again.",
    "answer_too_large": "Discord takes no file of this size here: use another channel, or ask "
    "for less.",
    "smaller_copy": "A smaller copy: Discord did not take the full one.",
    "fixed_error": "Something went wrong on my side; it has been logged. Please try again.",
    "command_changed": "I do not know this command as Discord sends it: I was updated, or am just "
    "being restarted. Try again in a minute; if it stays so, reload Discord.",
    "item_unknown": "This is from another version of me: ask again with the command.",
    "place_unknown": "I cannot see that channel or thread: give me View Channel there, and open an "
    "archived thread again first.",
    "no_permission_here": "I may not post pictures in this channel: give me Send Messages and "
    "Attach Files, or use another channel.",
    "playground_welcome": "👋 This is the playground: the same bot, on this machine "
    "only. Type `/imagine` below, for example with the prompt **红苹果** or **a red apple**.",
    "help": """\
### Draw with words
`/imagine` a prompt, in English or 中文; `{{red, green}} apple` draws each. Options:
- **size** a name (`square`, `portrait`, `wide` …) or `WIDTHxHEIGHT`, multiples of 16
- **seed** {min_seed} to {max_seed}: same seed and prompt, same pixels
- **quality** draft, standard or final: {steps[0]}, {steps[1]} or {steps[2]} steps
- **count** up to 9 images: seed, seed+1 …
- **guidance** 0 (off) to {max_guidance:g}, usually {usual_guidance:g}: stricter, twice as slow
- **variety** 0 (off) to 100: seeds differ more
- **negative** what should not be there; needs guidance above 0
- **lora**, **style** a look: see `/lora list`, `/style list`
- **source** a picture to start from; **strength** how much is redrawn; **mask** which part
- **control** a picture whose edges to follow
- **prompts** a file of prompts · **spoiler** hides the image

`/compare` up to 9 images that differ in one thing, on a sheet
`/explore` many small drafts: **Draw large** the one you like · `/upscale` any picture

### Under every image
🎲 **New seed** · **Vary** four more like it · **Edit** other words or size · **More…**:
🖼️ make something new of it · 🩹 redraw a part · ↔️ zoom out, extend · ⬆️ upscale ·
🔁 **Same seed** the same pixels · 🗑️ delete (a day to undo) …
Of several, **U1** shows the first with its own buttons, **V1** varies it

### Mood boards
`/board create` makes one; then `add`, `show`, `vote`, `export` …

### Find and wait
`/history` what was made here · `/show` an image by its id ·
`/recipe` what made it · `/reproduce` draw it again, compare ·
`/inspect` where a picture comes from · `/lineage` its family
`/queue` who is before you · `/cancel` a job · `/quota` how much is left
`/privacy` what is stored about you: have it sent or erased
Moderators: `/jobs` moves, pauses or clears jobs · `/mod` looks after members
`/report` an image to moderators · `/appeal` their decision
Server managers: `/settings` rules and usual values · `/stats` what was drawn
-# {model} · natural size {size}""",
}
