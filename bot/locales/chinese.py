"""The bot's replies and commands in Chinese; the keys are those of `english.py`."""

from __future__ import annotations

from typing import Final

from bot.locales.boards import BOARDS_CHINESE, BOARDS_CHINESE_COMMANDS
from bot.locales.exhibits import EXHIBITS_CHINESE
from bot.locales.moderation import MODERATION_CHINESE, MODERATION_CHINESE_COMMANDS
from bot.locales.privacy import PRIVACY_CHINESE, PRIVACY_CHINESE_COMMANDS
from bot.locales.rules import RULES_CHINESE, RULES_CHINESE_COMMANDS
from bot.locales.styles import STYLES_CHINESE, STYLES_CHINESE_COMMANDS
from bot.locales.usage import USAGE_CHINESE, USAGE_CHINESE_COMMANDS

CHINESE: Final[dict[str, str]] = {
    **EXHIBITS_CHINESE,
    **BOARDS_CHINESE,
    **USAGE_CHINESE,
    **PRIVACY_CHINESE,
    **MODERATION_CHINESE,
    **RULES_CHINESE,
    **STYLES_CHINESE,
    # The message of a job
    "queued_next": "⏳ **下一个就是你**",
    "queued": "⏳ **排在第 {position} 位**",
    "queued_paused": "⏸️ **排队中** · 管理员暂停了这里的绘画",
    "not_drawn": "⚠️ 这一项没有画出来，请再试一次。",
    "kept": "⏸️ 机器人正在重启，你的位置已保留，稍后会自动继续。",
    "ready": "预计 {when} 完成",
    "drawing": "🎨 **正在画** · 第 {step} / {total} 步",
    "drawing_one_of": "🎨 **正在画第 {number} / {count} 张** · 第 {step} / {total} 步",
    "redrawn": "🔄 重启后继续。",
    "cancelled": "🛑 已取消，没有保留任何内容。",
    "cancelled_by_moderator": "🛑 管理员取消了这个任务，没有保留任何内容。",
    "failed": "⚠️ {sentence}",
    "fact_seed": "种子 `{seed}`",
    "requested_by": "{user} 的图",
    "seconds": "{seconds:.1f} 秒",
    "alt_text": "{prompt}（生成的图片）",
    "same_pixels_many": "✅ **{count} 张中有 {same} 张的每个像素都相同**",
    "recipes_many": "{count} 张图的配方按编号都在这个文件里；选择一张图可单独查看。",
    "same_pixels": "✅ **与 `{id}` 的每个像素都相同** · SHA-256 `{sha}`",
    "other_pixels": "⚠️ **与 `{id}` 的像素不同**：{reason}",
    "other_by": "最多相差 {max}（满 255），平均 {mean}，PSNR {psnr} dB；",
    "other_conditions": "生成条件变了：{differences}。",
    "other_unknown": "记录中找不到原因。",
    "difference": "{name} 原为 {before}，现为 {after}",
    "parent_gone": "原图 `{id}` 已不在，无法比较。",
    "lossless_webp": "PNG 超过了这里的上传限制：这是同一张图的无损 WebP。",
    "lossy_webp": "无损格式也超过了这里的上传限制：这份是高质量 WebP。原始像素已保存，"
    "可在允许更大文件的地方用 `/show` 查看。",
    "reduced_webp": "超过了这里的上传限制：这份是缩小的副本。原始像素已保存，"
    "可在允许更大文件的地方用 `/show` 查看。",
    "file_missing": "⚠️ `{id}` 的文件不见了：点“**同一种子**”可重新画出。",
    "file_damaged": "⚠️ `{id}` 的文件已损坏：点“**同一种子**”可重新画出。",
    "other_unread": "其中一张的文件已损坏或不见了，无法得知相差多少；",
    "too_large": "图片已保存为 `{id}`，但没有任何格式能低于这里的上传限制。",
    "file_gone": "`{id}` 的文件已丢失，无法再显示。",
    "quality_draft": "草稿",
    "quality_standard": "标准",
    "quality_final": "精细",
    # The fields of a request; bot/domain/requests/request.py has the table
    "field_prompt": "提示词",
    "field_size": "尺寸",
    "field_seed": "种子",
    "field_quality": "质量",
    "field_guidance": "引导",
    "field_variety": "变化",
    "field_negative": "负面提示词",
    "field_strength": "强度",
    "field_lora": "LoRA",
    "field_style": "风格",
    "field_fit": "适配",
    "idle_strength": "没有源图时，强度不起作用：它表示源图有多少要重画。",
    "idle_negative": "引导为 0 时，负面提示词不起作用：请把引导设为 {guidance:g} 或更高。",
    "fact_field": "{name} {value}",
    # A comparison's sheet
    "sheet_prompts": "提示词对比",
    "sheet_part": "{count} 张中的 {made} 张",
    "sheet_seeds": "{count} 张，种子 {first} 到 {last}",
    "button_large": "画大图",
    "about_large": "构图不变，画成完整尺寸，细节更多",
    "button_around": "更多类似的",
    "about_around": "再画九张与它相近的小草图",
    "drawn_large": "构图与草图 {number}（`{id}`）有 {percent}% 相同",
    "sheet_source": "源图",
    "sheet_alt": "{count} 张图的对比：{captions}",
    "sheet_cancelled": "🛑 已取消：{count} 张中已画好的 {made} 张保留了下来。",
    "sheet_failed": "⚠️ {count} 张中有 {made} 张。其余的：{sentence}",
    "sheet_lossy": "受这里的上传限制，对比图是高质量 WebP；按钮可取得原图。",
    "sheet_too_large": "图片都已保存，但对比图超过了这里的上传限制：用按钮逐张查看。",
    "sheet_no_files": "这些图片的文件已不在或已损坏：点“**同一种子**”可重新画出。",
    "compare_fixed": "{option} 正是要对比的内容，不能同时固定为 {value}："
    "请去掉这个选项，或对比别的内容。",
    # Buttons
    "button_same": "同一种子",
    "button_new": "换个种子",
    "button_edit": "修改",
    "button_recipe": "配方",
    "button_delete": "删除",
    "button_cancel": "取消",
    "button_show_one": "U{number}",
    "button_vary_one": "V{number}",
    "choose_legend": "U：单独看大图 · V：以这张做变化",
    "choose_image": "选择一张图…",
    "choose_option": "{number} · 种子 {seed}",
    "more_actions": "更多…",
    "about_new": "同样的文字，另一张图",
    "about_strong": "四张新图，保留构图",
    "about_subtle": "四张，只有细节不同",
    "about_edit": "修改文字、尺寸或种子",
    "about_use": "以它为基础，写明要画成什么",
    "about_region": "重画其中一部分，其余像素不变",
    "about_extend": "拉远镜头，或往边缘外继续画",
    "about_upscale": "放大到 2 倍或 4 倍，也可补画细节",
    "about_same": "再画一次，像素完全相同",
    "about_recipe": "它是怎么画出来的，仅你可见",
    "about_board": "挂到画板上",
    "about_delete": "所有人都看不到；一天内可恢复",
    "button_newer": "较新",
    "button_older": "较早",
    "edit_title": "修改后再画",
    # 其他程序的写法
    "hint_title": "💡 图片照常绘制。只提醒一次：这里的提示词就是平常的语言，"
    "你写的有些是别的程序的记号，在这里只当作文字来读。",
    "hint_weights": "- `(word:1.3)`、`((word))` 这样的权重：请把重要的放在前面，单独说清楚。"
    "`guidance` 设为 {low:g} 到 {high:g}，会更贴近整个提示词。",
    "hint_options": "- `--ar 16:9` 这样的参数：请用命令自己的选项。画面比例用 `size:wide` 或 "
    "`size:1280x720`；另有 `seed`、`quality`、`variety` 和 `guidance`。",
    "hint_negatives": "- 负面提示词（包括 `--no`）：写在提示词里的东西反而容易出现。"
    "请用 `negative` 选项填写，并把 `guidance` 设为大于 0；"
    "或直接写画面里有什么，例如不要人，就写“空无一人的街道”。",
    "hint_adapters": "- 这里没有的 `<lora:…>`，以及 embedding：都不会加载。"
    "`/lora list` 列出这里有的，用 `lora` 选项选择；或用文字描述风格。",
    "hint_breaks": "- `BREAK`：请另起一句。",
    "hint_settings": "- 一起复制来的设置，例如 `Steps: 20, Sampler: …`：只留下描述，"
    "`seed` 和 `size` 用选项填写；`quality` 决定步数。",
    "disk_full": "我的磁盘已满，所以没有完成：需要由运行我的人腾出空间。",
    "imagine_title": "编辑并绘制",
    "form_again": "再次编辑",
    "form_gone": "我已不认识这份表单：请重新打开。你填写的内容附在下面。",
    "form_old": "这份表单是一周多以前的：请重新打开一份。",
    "edit_size_hint": "名称（如 portrait）或 宽x高",
    "edit_seed_hint": "保留种子则只改变你修改的部分；留空则随机",
    "edit_variety_hint": "0 到 100：越大，不同种子差别越大",
    "edit_negative_hint": "图中不该出现的内容；引导大于 0 时才起作用",
    # LoRAs
    "lora_triggers": "LoRA {name} 的触发词是：{words}。你的提示词里没有；"
    "加上其中一个，效果通常更明显。",
    "loras_title": "### {count} 个 LoRA",
    "loras_how": "-# `/imagine lora:` 按名称使用一个，或几个：`neon:0.8, ink:0.5`。"
    "通常的强度是 1；0.5 到 0.8 会更多保留你自己的描述。",
    "loras_not_here": "-# 按本服务器的规则，这里不能用它们画图。",
    "loras_none": "这里还没有 LoRA：由运行我的人把 .safetensors 文件放进我的 LoRA 文件夹，"
    "放进去就能用。",
    "loras_before": "上一页",
    "loras_after": "下一页",
    "lora_words": "触发词：{words}",
    "lora_size": "{size} MB",
    "lora_rank": "秩 {rank}",
    "lora_base": "用于 {base}",
    "lora_unread": "正在首次读取",
    # Recipe
    "recipe_title": "### `{id}` 的配方",
    "recipe_prompt_used": "模型读到的内容",
    "recipe_again": "在任何有本机器人的地方重画",
    "recipe_field_model": "模型",
    "recipe_field_steps": "步数",
    "recipe_field_device": "设备",
    "recipe_field_versions": "版本",
    "recipe_field_time": "用时",
    "recipe_field_pixels": "像素 SHA-256",
    "recipe_input_source": "源图 SHA-256",
    "recipe_input_mask": "蒙版 SHA-256",
    "recipe_field_made": "时间",
    # Lineage
    "strength_all": "全部，放在一张上对比",
    "relation_imagine": "由文字生成",
    "relation_same_seed": "同一种子",
    "relation_new_seed": "换个种子",
    "relation_variation": "变化",
    "relation_edit": "修改",
    "relation_source": "以图生图",
    "relation_region": "局部修改",
    "relation_extension": "扩展画面",
    "kind_text": "纯文字生成",
    "kind_image": "用到图片的",
    "kind_source": "以图生图",
    "kind_region": "局部重画",
    "kind_extension": "扩展",
    "kind_upscale": "放大",
    "kind_lora": "用了 LoRA 的",
    "kind_same-seed": "重画",
    "kind_new-seed": "换了种子",
    "kind_variation": "变化",
    "kind_edit": "修改过",
    "button_subtle": "细微变化",
    "button_strong": "变化",
    "button_use": "用作源图",
    "button_region": "修改局部",
    "region_how": "要重画哪一部分？可以选格子、用文字说明，或上传蒙版；其余部分一个像素也不变。",
    "region_alt": "带编号网格的图片",
    "region_choose": "选格子",
    "region_cell": "第 {number} 格",
    "region_cells": "格子",
    "region_cells_hint": "编号见图片；也可以用下面两种方式",
    "region_words": "或用文字说明",
    "region_words_hint": "左半、上三分之一、右下、中间、边缘……",
    "region_mask": "或上传蒙版",
    "region_mask_hint": "要画的地方：黑底白色、涂成红色，或透明",
    "region_prompt_hint": "描述整张图，包括这一部分要有的内容",
    "button_extend": "扩展画面",
    "extend_how": "往哪里扩展",
    "extend_zoom-1.5": "镜头拉远 1.5 倍",
    "extend_zoom-2": "镜头拉远 2 倍",
    "extend_left": "向左",
    "extend_right": "向右",
    "extend_up": "向上",
    "extend_down": "向下",
    "extend_shape": "改成 {name}，{size}",
    "extend_prompt_hint": "描述扩展后的整张图",
    "extend_lost": "最大只能到 {size}：另一侧有 {count} 个像素被裁掉。",
    "strength_new": "全新",
    "source_title": "用这张图片继续创作",
    "source_size_hint": "留空：取最接近原图的尺寸",
    "source_seed_hint": "留空：随机",
    "source_which": "哪一张",
    "source_one": "第 {number} 张 · {id}",
    "relation_upscale": "放大",
    "button_upscale": "放大",
    "upscale_title": "放大图片",
    "upscale_factor": "放大几倍",
    "upscale_way": "方式",
    "upscale_plain": "放大",
    "upscale_plain_help": "速度快，画面内容不变",
    "upscale_detail": "放大并补充细节",
    "upscale_detail_help": "补画精细的细节，用时更长",
    "upscale_full": "{size} 不能再放大：每边最多 {limit} 像素。",
    "upscale_no_words": "`{id}` 是上传后放大的图片，没有提示词：可以点“**用作源图**”继续创作。",
    "upscale_parent_gone": "`{id}` 的原图已被删除，或属于别的地方："
    "可以点“**用作源图**”，用现在这张继续创作。",
    "fact_upscaled": "已放大",
    "fact_upscaled_detail": "已放大并补充细节",
    "strength_touch": "微调",
    "strength_subtle": "轻改",
    "strength_strong": "大改",
    "strength_redraw": "重画",
    "fit_crop": "裁切",
    "fit_pad": "四周留白",
    "change_field": "{name} {before} → {after}",
    "change_field_added": "{name} {after}",
    "change_text": "{name}：“{before}” → “{after}”",
    "change_text_added": "{name}：加上“{after}”",
    "change_text_removed": "{name}：去掉“{before}”",
    "line_title": "来历",
    "line_step": "↳ `{id}` {relation}",
    "line_first": "`{id}` {relation}",
    "line_skipped": "…… 中间还有 {count} 张 ……",
    "line_earlier": "…… 之前还有更多 ……",
    "line_deleted": "已删除",
    "line_elsewhere": "一张你在这里看不到的图",
    "line_children": "由它而来：{count} 张",
    "line_no_children": "由它而来：还没有",
    "family_title": "{id} 的家族",
    "family_count": "共 {count} 张",
    "family_alone": "只有一张",
    "family_left_out": "只显示最近的 {shown} 张，另有 {count} 张未显示",
    "family_left_out_at_least": "只显示最近的 {shown} 张，另有超过 {count} 张未显示",
    "family_deleted": "已删除",
    "family_elsewhere": "这里看不到",
    "family_missing": "文件不在了",
    "family_damaged": "文件已损坏",
    "family_spoiler": "已遮挡",
    "family_alone_hint": "还没有由它而来的图：请按它下面的 **换个种子** 或 **修改**。",
    "family_spoiler_hint": "遮挡的图不会显示；`spoilers:True` 可在点击后显示。",
    "family_more_here": "这条消息里还有 {ids}。",
    "family_alt": "图片 {id} 的家族树：{count} 张",
    "no_image_of_yours": "你在这里还没有图：试试 `/imagine`，或填写编号。",
    "no_image_there": "那条消息里没有我画的、属于这里的图。",
    "inspect_here": "✅ **就在这里生成**，每个像素都相同：{ids} · `/show` 可再次展示",
    "inspect_damaged": "🔎 可能是 {ids} 的副本，但其文件已损坏或不见了："
    "点“**同一种子**”可重新画出。",
    "inspect_lookalike": "🔎 **是 `{id}` 的改动副本**，原图在这里生成（重新压缩、缩放或截屏）· "
    "`/show` 可再次展示原图",
    "inspect_signed": "✅ **由本机器人生成**：文件中的配方带有它的签名。",
    "inspect_kept": "✅ **由本机器人生成**：文件中的配方与它保存的一致。",
    "inspect_altered": "⚠️ **不是本机器人生成的**：文件中的签名自称用了它的密钥，"
    "但该密钥从未签过这份配方。",
    "inspect_other_key": "配方由另一处安装的机器人签名（或由本机器人在数据库丢失之前签名），"
    "这里无法验证：任何人都可能写出它。",
    "inspect_consistent": "文件中的配方自身一致，但**无法证明是谁写的**：任何人都写得出来。",
    "inspect_unhashed": "文件中的配方是早期版本，**无法证明是谁写的**：任何人都写得出来。",
    "inspect_whole": "像素与配方所述一致。",
    "inspect_changed": "⚠️ 像素与配方所述不符：图片被改过，或配方属于另一张图。",
    "inspect_own_shown": "以下是我自己保存的信息，不是文件里写的：",
    "inspect_tool": "这张图自称由 **{tool}** 这样生成（无法证明）：",
    "inspect_some_tool": "这张图以 {tool} 的格式自称这样生成（无法证明）：",
    "inspect_negative": "-# 不要：{words}",
    "inspect_no_prompt": "里面没有可以在这里画的提示词。",
    "inspect_prompt_unusable": "它的提示词太长，无法在这里画。",
    "inspect_takeover": "**在这里画**会沿用提示词、尺寸 {size} 和种子 {seed}。"
    "模型不同，画出来会是另一张图。",
    "inspect_any_seed": "（无，每次随机）",
    "inspect_left_out": "-# 不沿用：{what}。",
    "left_out_negative_prompt": "负面提示词（有引导时才起作用）",
    "left_out_sampler": "采样器",
    "left_out_guidance": "CFG 值",
    "left_out_loras": "LoRA",
    "left_out_weights": "词语权重",
    "left_out_seed": "超出范围的种子",
    "list_comma": "、",
    "inspect_generated": "文件声明它由模型生成（IPTC 数字来源类型）。",
    "inspect_partly_generated": "文件声明它有一部分由模型生成（IPTC 数字来源类型）。",
    "inspect_credentials": "它带有内容凭证（C2PA），我不做验证："
    "可到 contentcredentials.org/verify 查看。",
    "inspect_program": "-# 据文件所述，由 {program} 保存",
    "button_draw_here": "在这里画",
    "takeover_gone": "这张图的信息已不再保存：请重新鉴定。",
    "inspect_nothing": "这张图里没有我的或其他程序的配方，这里生成的图中也没有像素相同或相似的："
    "它来自别处，或改动太大。",
    "no_picture_here": "这条消息里没有图片：请用在有图片的消息上。",
    # Answers
    "deleted": "🗑️ 已删除 `{ids}`。",
    "deleting": "🗑️ 正在删除 `{ids}`：已经没人能找到它，但 Discord 还没有移除所有显示它的消息。"
    "我会继续尝试。{links}",
    "delete_refused": "🗑️ `{ids}` 已删除，但 Discord 不让我移除所有显示它的消息。"
    "有权删除那里消息的人可以移除：{links}",
    "deleted_until": "{when} 之前，你可以恢复删除的内容。",
    "deleted_no_room": "无法恢复：没有空间把它再保留一天。",
    "button_bring_back": "恢复",
    "brought_back": "♻️ `{ids}` 已恢复，会重新发到原来的频道：{channels}。",
    "brought_back_boards": "已重新挂上 {names}。",
    "no_image_here": "这条消息里没有我画的图。",
    "no_draft": "图片 `{id}`（{size}）不是可以画大的草图：请用它下面的“**变化**”。",
    "not_for_here": "图片 `{id}` 出自并非这里所有人都能看到的频道：请回到那个频道重画。",
    "shown_to_you": "🔒 仅你可见：并非这里所有人都能看到画这张图的频道。",
    "not_found": "这里没有图片 `{id}`：它已被删除，或属于别的地方。",
    "history_title": "### 这里的作品",
    "history_title_mine": "### 你的作品",
    "history_search": "包含“{search}”",
    "search_too_long": "搜索内容多了 {count} 个字符：请去掉一些。",
    "history_empty": "还没有作品：试试 `/imagine`。",
    "history_nothing_found": "没有找到“{search}”。",
    "history_page": "第 {page} 页",
    "queue_title": "### 队列",
    "queue_empty": "没有人在等：`/imagine` 会立即开始。",
    "queue_entry": "{position}. {user} · {prompt} · {when}",
    "queue_running": "🎨 {user} · {prompt} · {when}",
    "queue_more": "…… 还有 {count} 个",
    "queue_unknown_time": "很快",
    "queue_you": "你",
    "queue_hidden": "别处的用户",
    "cancel_queued": "🛑 `{id}` 还在排队，已取消，什么都没有画。",
    "cancel_running": "🛑 `{id}` 正在画，将在下一步停止。",
    "cancel_too_late": "`{id}` 已经完成，没有可停止的内容。",
    "cancel_not_yours": "`{id}` 是别人的：只有本人和管理员可以取消。",
    "cancel_unknown": "这里没有排队或进行中的任务 `{id}`。",
    "cancel_nothing": "你没有可取消的任务。",
    "queue_paused_entry": "{position}. {user} · {prompt} · ⏸️ 已暂停",
    "moved": "⏫ `{id}` 现在是本服务器的下一个{when}。",
    "moved_when": "，预计 {when} 完成",
    "not_waiting": "本服务器没有等待中的任务 `{id}`：请看 `/queue`。",
    "paused": "⏸️ 本服务器的绘画已暂停。新任务仍会排队；用 `/jobs resume` 继续。",
    "resumed": "▶️ 本服务器的任务继续进行。",
    "was_not_paused": "本服务器没有暂停。",
    "paused_everywhere": "⏸️ 机器人的所有者已全局暂停绘画：只有他们可以用 "
    "`/jobs resume everywhere:True` 恢复。",
    "cleared": "🧹 已取消本服务器 {count} 个等待中的任务。正在画的会继续：可用 `/cancel` 停止。",
    "cleared_of": "🧹 已取消 {user} 的 {count} 个等待中的任务。",
    "nothing_to_clear": "本服务器没有等待中的任务。",
    "deferral_button": "你按下的操作",
    "deferral_form": "你的表单",
    "deferral_goes_on": "⏸️ 机器人正在重启，之后会自动继续处理 {what}；结果会出现在这里，"
    "若耗时太久则通过私信发给你。",
    "deferral_ask_again": "⏸️ 机器人还没来得及回复 {what} 就被中断了：请一分钟后再试。",
    "deferral_look_first": "⏸️ 机器人在处理 {what} 时被中断了：请先看看是否已经完成，"
    "再决定是否重试。",
    "deferral_gave_up": "⚠️ 机器人多次在处理 {what} 时被中断，不再重试：请一次少要一些，"
    "或告诉运行它的人。",
    "discord_silent": "Discord 刚才没有回应我，所以可能没有完成：请先看一下，再试一次。",
    "answer_too_large": "Discord 在这里不接受这么大的文件：请换个频道，或少要一些。",
    "smaller_copy": "这是缩小的副本：Discord 没有接受原来的大小。",
    "fixed_error": "我这边出了问题，已记录下来，请再试一次。",
    "command_changed": "Discord 发来的这条命令和我所知的不一样：我可能刚更新过，或正在重启。"
    "请一分钟后再试；如果还是这样，请重新加载 Discord。",
    "item_unknown": "这是我另一个版本的按钮或菜单，我已不认识：请用命令重新操作。",
    "place_unknown": "我看不到这个频道或子区：请在那里给我“查看频道”权限；"
    "已归档的子区请先重新打开。",
    "no_permission_here": "我不能在这个频道发图：请给我“发送消息”和“添加附件”权限，或换个频道。",
    "playground_welcome": "👋 这里是试玩场：同一个机器人，只在本机运行。"
    "在下面输入 `/imagine`，例如提示词 **红苹果** 或 **a red apple**。",
    "help": """\
### 用文字作画
`/imagine` 加上提示词，中文、English 或混合都行。其他选项都可省略：
- **size（尺寸）** 名称（`square`、`portrait`、`wide` ……）或 `宽x高`，都须是 16 的倍数
- **seed（种子）** {min_seed} 到 {max_seed}；相同的种子和提示词得到相同的像素
- **quality（质量）** draft 草稿、standard 标准、final 精细：{steps[0]}、{steps[1]}、{steps[2]} 步
- **count（数量）** 最多 9 张，种子依次加一
- **guidance（引导）** 0（关）到 {max_guidance:g}，通常为 {usual_guidance:g}：更贴近提示词，用时加倍
- **variety（变化）** 0（关）到 100：让不同种子差别更大，但更不贴近提示词
- **negative（负面提示词）** 图中不该出现的内容；引导大于 0 时才起作用
- **lora** 从 `/lora list` 里选一种风格，也可写 `neon:0.8`
- **source（源图）** 作为起点的图片；**strength（强度）** 重画多少；**mask（蒙版）** 只画哪一部分
- **spoiler（遮挡）** 点击后才显示图片
- **style（风格）** 按名称选择画风：`/style list` 可查看

`/compare` 只改变一样（提示词、质量、引导、变化、尺寸、种子、负面提示词或强度），画 2 到 9 张，
拼成一张带标注的对比图
`/explore` 在一张编号图上画 9 到 25 张小草图：挑一张，再“**画大图**” · `/upscale` 放大任何图片

### 每张图下面
🎲 **换个种子** 另画一张 · **变化** 再画四张相近的 · **修改** 换文字或尺寸
**更多…** 里还有：🖼️ **用作源图** 用它继续创作 · 🩹 **修改局部** 重画一部分 ·
↔️ **扩展画面** 画出四周 · ⬆️ **放大** · 🔁 **同一种子** 像素完全相同 ·
🧾 **配方** 它是怎么画的 · 📌 **加入画板** · 🗑️ **删除**（一天内可恢复）……
有多张时，**U1** 单独看第一张（带它自己的按钮），**V1** 以它做变化

### 画板
`/board create` 新建画板，或让频道成为画板；还有 `add`、`show`、`vote`、`palette`、`export` ……

### 查找与等待
`/history` 这里的作品（可加 `kind:upscale` 等） · `/show` 按编号展示 · `/recipe` 配方 ·
`/reproduce` 复现并比较 · `/inspect` 图片来历 · `/lineage` 家族图 · `/queue` 谁排在前面 ·
`/cancel` 取消 · `/quota` 剩余限额 · `/privacy` 关于你保存了什么：查看、取得、清除
管理员：`/jobs` 可以提前、暂停、继续和清空本服务器的任务 · `/mod` 管理成员
`/report` 向管理员举报一张图 · `/appeal` 对他们的决定提出申诉
服务器管理者：`/settings` 设置规则 · `/stats` 查看使用情况
-# {model} · 自然尺寸 {size}""",
}

# The names, options and descriptions of commands, by their English text.
CHINESE_COMMANDS: Final[dict[str, str]] = {
    **BOARDS_CHINESE_COMMANDS,
    **USAGE_CHINESE_COMMANDS,
    **PRIVACY_CHINESE_COMMANDS,
    **MODERATION_CHINESE_COMMANDS,
    **RULES_CHINESE_COMMANDS,
    **STYLES_CHINESE_COMMANDS,
    "imagine": "画图",
    "show": "展示",
    "history": "历史",
    "queue": "队列",
    "cancel": "取消",
    "help": "帮助",
    "Recipe": "配方",
    "Same seed": "同一种子",
    "Use as source": "用作源图",
    "upscale": "放大",
    "picture": "图片",
    "factor": "倍数",
    "detail": "细节",
    "2×": "2 倍",
    "4×": "4 倍",
    "Make a picture 2 or 4 times as large": "把一张图片放大到 2 倍或 4 倍",
    "The picture, of any kind": "图片，什么样的都行",
    "How many times as large each way": "长和宽各放大几倍",
    "Also draw fine detail into it; takes longer, and changes it a little":
        "同时画上精细的细节；需要更长时间，画面会略有变化",
    "What it shows, in words; with detail, they say what is drawn":
        "用文字说明图中有什么；补充细节时按它来画",
    "prompt": "提示词",
    "size": "尺寸",
    "seed": "种子",
    "quality": "质量",
    "compare": "对比",
    "explore": "探索",
    "how_many": "几张",
    "vary": "对比什么",
    "values": "取值",
    "prompts": "提示词",
    "qualities": "质量",
    "sizes": "尺寸",
    "seeds": "种子",
    "Draw 2 to 9 variations of one thing, as one labelled sheet":
        "画一样东西的 2 到 9 种变化，拼成一张带标注的对比图",
    "What to draw; where prompts vary, several with | between them":
        "画什么；对比提示词时写几个，用 | 隔开",
    "What differs; all else stays the same, above all the seed":
        "对比什么；其余都相同，尤其是种子",
    "What to try, with commas between (prompts: |); none takes a sensible set":
        "要试的值，用逗号隔开（提示词用 |）；不填则用一组常用值",
    "count": "数量",
    "guidance": "引导",
    "variety": "变化",
    "negative": "负面提示词",
    "negatives": "负面提示词",
    "strength": "强度",
    "strengths": "强度",
    "lora": "lora",
    "loras": "LoRA",
    "lora_scale": "lora强度",
    "LoRAs: looks to draw with": "LoRA：可以用来画图的风格",
    "Show the LoRAs that images can be drawn with": "列出可以用来画图的 LoRA",
    "A LoRA, also as name:0.8; up to three, with commas between":
        "一个 LoRA，也可写成 名称:0.8；最多三个，用逗号隔开",
    "How strongly, -2 to 2, of one LoRA without a number of its own; 1 is usual":
        "强度，-2 到 2，用于一个没写强度的 LoRA；通常为 1",
    "source": "源图",
    "mask": "蒙版",
    "What of the source is drawn: white on black, painted red, or transparent":
        "源图中要画的部分：黑底白色、涂成红色，或透明",
    "fit": "适配",
    "crop": "裁切",
    "pad": "留白",
    "How much of the source is drawn anew: a name, or 1% to 100%":
        "源图有多少要重画：写名称，或 1% 到 100%",
    "A picture to begin with; the prompt says what becomes of it":
        "作为起点的图片；提示词说明要把它画成什么",
    "How a source of another shape is brought to the size: crop, or pad with white":
        "形状不同的源图怎样适配尺寸：裁切，或四周留白",
    "What the image should not show; works with a guidance above 0":
        "图中不该出现的内容；引导大于 0 时才起作用",
    "0 to 100: lets seeds differ more, and follows the prompt less closely":
        "0 到 100：让不同种子差别更大，但更不贴近提示词",
    "spoiler": "遮挡",
    "id": "编号",
    "search": "搜索",
    "whose": "谁的",
    "job": "任务",
    "Draw an image from words": "用文字画一张图",
    "What to draw, in English, Chinese or both": "画什么，中文、英文或混合",
    "A name such as portrait, or WIDTHxHEIGHT": "名称（如 portrait）或 宽x高",
    "The same seed gives the same pixels; none draws a random one":
        "相同种子得到相同像素；不填则随机",
    "How many steps: draft 7, standard 8, final 9": "步数：草稿 7，标准 8，精细 9",
    "How many images, with the seeds seed, seed+1, …; from 5 on one numbered sheet": (
        "几张图，种子依次加一；从 5 张起合为一张编号图"
    ),
    "Draw 9 to 25 small drafts on one numbered sheet, and choose what to draw large": (
        "一张编号图上画 9 到 25 张小草图，再挑一张画大"
    ),
    "How many drafts, with the seeds seed, seed+1, …": "几张草图，种子依次加一",
    "0 is off; 1.2 to 1.5 follows the prompt more strictly, twice as slow":
        "0 为关；1.2 到 1.5 更贴近提示词，用时加倍",
    "3 to 5 is usual; higher is stricter to the prompt; 0 is off":
        "通常为 3 到 5；越高越贴近提示词；0 为关",
    "How many steps: draft 28, standard 40, final 50":
        "步数：草稿 28、标准 40、精细 50",
    "Hide the image until it is clicked": "点击后才显示图片",
    "draft": "草稿",
    "standard": "标准",
    "final": "精细",
    "Show an image again, with live buttons": "再次展示一张图，按钮可用",
    "The id under the image": "图片下方的编号",
    "Look through the images made here": "浏览这里的作品",
    "Words of the prompt": "提示词中的文字",
    "Whose images": "谁的作品",
    "recipe": "配方",
    "reproduce": "复现",
    "inspect": "鉴定",
    "Inspect": "鉴定",
    "image": "图片",
    "Show everything that made an image": "显示生成一张图的一切",
    "Draw an image again and say whether the pixels are the same": "重画一张图并比较像素",
    "Find out where a picture comes from": "查明一张图片的来历",
    "A picture, for example one that this bot drew": "一张图片，例如本机器人画的",
    "lineage": "家族",
    "spoilers": "显示遮挡",
    "Draw the family of an image: what it comes from and became":
        "画出一张图的家族：来自何处，又生出什么",
    "The id under the image, or a link to its message; none means your last image":
        "图片下方的编号或消息链接；不填则为你最近的一张",
    "Show hidden images too, the whole picture behind a click": "也显示遮挡的图，点击后才看到全图",
    "member": "成员",
    "on": "日期",
    "kind": "做法",
    "Of one member": "某位成员的",
    "With this seed": "用这个种子的",
    "Of this size, as WIDTHxHEIGHT": "这个尺寸的，格式为 宽x高",
    "Made in this way": "这样做的",
    "Made on a day, in a month or a year: 2026-11-23, 2026-11, 2026":
        "某日、某月或某年的：2026-11-23、2026-11、2026",
    "everyone's": "所有人的",
    "mine": "我的",
    "See who is before you": "看看谁排在你前面",
    "Cancel what is waiting or being drawn": "取消排队或正在画的任务",
    "jobs": "任务管理",
    "move": "提前",
    "pause": "暂停",
    "resume": "继续",
    "clear": "清空",
    "user": "成员",
    "everywhere": "全部服务器",
    "Steer this server's jobs": "管理本服务器的任务",
    "Let a waiting job be the next one of this server": "让一个等待中的任务成为本服务器的下一个",
    "Which job": "哪个任务",
    "Hold back this server's waiting jobs": "暂停本服务器等待中的任务",
    "All servers' jobs; for the bot's owner only": "所有服务器的任务；仅限机器人的所有者",
    "Let this server's jobs go on": "让本服务器的任务继续",
    "End a pause of all servers; for the bot's owner only": "结束全局暂停；仅限机器人的所有者",
    "Cancel this server's waiting jobs": "取消本服务器等待中的任务",
    "Only this member's; none means everybody's": "只取消这位成员的；不填则取消所有人的",
    "Which job; none means your latest": "哪个任务；不填则为你最近的一个",
    "How to use this bot": "使用说明",
}  # fmt: skip
