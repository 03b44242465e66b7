"""What the bot says of people's data, in English and Chinese."""

from __future__ import annotations

from typing import Final

PRIVACY_ENGLISH: Final[dict[str, str]] = {
    "privacy_title": "### What is stored about you",
    "privacy_nothing": "Nothing: you have not drawn anything yet, or it was erased.",
    "privacy_where": "In all servers ({count}) and in direct messages, together:",
    "privacy_count": "- {what}: **{count}**",
    "privacy_count_jobs": "Jobs, with your name, the place and the time",
    "privacy_count_prompts": "Prompts with their settings",
    "privacy_count_images": "Images with their recipes, also of deleted ones",
    "privacy_count_trash": "Images that you deleted and can bring back for a day",
    "privacy_count_boards": "Boards that you own",
    "privacy_count_board_pictures": "Pictures on boards that you made or hung up",
    "privacy_count_votes": "Votes",
    "privacy_count_comments": "Comments",
    "privacy_count_board_log": "Entries in the logs of boards",
    "privacy_count_board_rights": "Rights on boards",
    "privacy_count_styles": "Styles that you made",
    "privacy_count_forms": "Forms that you opened in the last week",
    "privacy_count_answers": "Answers that are still on their way",
    "privacy_count_foreign_pictures": "Prompts from pictures that you had inspected",
    "privacy_count_hints": "Hints that you were given",
    "privacy_count_stopped_jobs": "Jobs of others that you stopped",
    "privacy_count_pauses": "Pauses of a server's queue",
    "privacy_count_charges": "Images that count against a server's quota",
    "privacy_count_grants": "Images that you were granted on top",
    "privacy_count_rules": "Rules of servers for you alone",
    "privacy_count_rule_changes": "Changes of a server's rules that you made",
    "privacy_count_audit": "What was refused, and what moderators decided about you",
    "privacy_count_acts": "What you did as a moderator",
    "privacy_count_reports": "Images that you reported",
    "privacy_under_way": "🧹 You had all of it erased {since}: that is under way.",
    "privacy_retention": "-# Images that are on no board are deleted after {days} days.",
    "privacy_deleted": "-# What is deleted can be brought back for a day by who deleted it; then "
    "its file is erased.",
    "privacy_copies": "-# Safety copies of the database are kept for {days} days. What is "
    "posted lies with Discord, too.",
    "privacy_contact": "-# Whom to ask: {contact}",
    "button_mydata_send": "Send it to me",
    "button_forgetme_ask": "Forget me…",
    "button_forgetnow_keep": "Forget me",
    "button_forgetnow_off": "Forget me, pictures on boards too",
    "privacy_sent": "All that is stored about you: `data.json`, and your pictures beside it.",
    "privacy_smaller": "-# {count} pictures are in smaller copies, so that all of it fits in here.",
    "privacy_left_out": "-# {count} pictures did not fit any more: whoever runs the bot can "
    "give you all of it.",
    "privacy_forget": """\
### Forget me
This cannot be undone. **Send it to me** before, if you want to keep anything.

**What goes**, in all servers: your jobs (those that wait are cancelled first), prompts and \
images, with their files and the messages that show them, also those that were deleted and could \
be brought back; your votes, comments, rights, forms \
and hints; your name and id everywhere else.

**What stays, and why**
- Your pictures on boards: a team decided on them. They stay without your name, prompt and \
recipe, unless you take them off, too.
- Boards that you own, with the names, captions and tags on them: they are their team's. They \
will have no owner; moderators can do everything there.
- What others drew from your images or wrote themselves: it is theirs, also where it repeats \
your words.
- What a server decided about you (a ban, a warning), and who changed its rules: your id without \
your name, as long as it holds. What counts against its quotas: 60 days.
- Safety copies of the database, for {days} days. As long as one is left, a note with your id \
is kept, so that you are forgotten again if the copy has to be used.
- What only Discord has: answers that only you see, and our direct messages. Delete those \
yourself.""",
    "erasure_refused": "🧹 Your jobs are erased, but Discord does not let me remove every "
    "message that shows one. Somebody who may delete messages there can: {links}",
    "privacy_begun": "🧹 It has begun: nobody finds your images any more, and the rest "
    "follows within minutes, or a day if Discord is slow. It goes on after a restart, too. "
    "`/privacy` shows what is left; which messages Discord does not let me remove, I write "
    "to you.",
    "policy_kept": "until they are erased, or as long as a server's own rule says",
    "policy_kept_days": "{days} days, fewer by a server's own rule, longer on boards",
    "policy_deleted": "until somebody has it erased",
    "policy_deleted_days": "for at most {days} days",
    "policy_contact": "Questions: {contact}",
    "policy_no_contact": "Questions go to whoever runs this bot.",
    "policy_hub": "The model's files were fetched from {hub} once; nothing about people is "
    "sent there.",
    "policy_no_hub": "The model came with the program.",
    "policy_debug": " At this moment the log level is DEBUG, which logs prompts, too.",
    "policy_words_off": "Prompts are not searched for unwanted words, unless a server wants it.",
    "policy_words_spoiler": "Prompts are compared with a list of words on that machine; "
    "images with such words are hidden until they are clicked. What is found is not kept.",
    "policy_pictures_off": "Pictures are not looked at, unless a server wants it.",
    "policy_pictures_spoiler": "Models on that machine look at every picture, drawn or "
    "handed in; what they take for pornographic is hidden until it is clicked. What they "
    "said is kept with the image.",
    "policy_pictures_refuse": "Models on that machine look at every picture, drawn or handed "
    "in; what they take for pornographic is shown to nobody. What they said is kept with the "
    "image.",
    "policy_words_refuse": "Prompts are compared with a list of words on that machine; such "
    "prompts are refused. What is found is not kept.",
}
PRIVACY_CHINESE: Final[dict[str, str]] = {
    "privacy_title": "### 关于你保存了什么",
    "privacy_nothing": "什么也没有：你还没画过图，或者已经清除了。",
    "privacy_where": "所有服务器（{count} 个）和私信里的，合计：",
    "privacy_count": "- {what}：**{count}**",
    "privacy_count_jobs": "任务，连同你的名字、地点和时间",
    "privacy_count_prompts": "提示词及其设置",
    "privacy_count_images": "图片的配方，也包括已删除的图片",
    "privacy_count_trash": "你删除、一天内还能恢复的图片",
    "privacy_count_boards": "你的画板",
    "privacy_count_board_pictures": "画板上由你制作或挂上的图片",
    "privacy_count_votes": "投票",
    "privacy_count_comments": "评论",
    "privacy_count_board_log": "画板记录里的条目",
    "privacy_count_board_rights": "画板上的权限",
    "privacy_count_styles": "你新建的风格",
    "privacy_count_forms": "你最近一周打开的表单",
    "privacy_count_answers": "还没给出的回复",
    "privacy_count_foreign_pictures": "你让我查看的图片里的提示词",
    "privacy_count_hints": "给过你的提示",
    "privacy_count_stopped_jobs": "你停掉的他人任务",
    "privacy_count_pauses": "你暂停的服务器队列",
    "privacy_count_charges": "计入服务器配额的图片",
    "privacy_count_grants": "额外给你的图片",
    "privacy_count_rules": "服务器只针对你的规则",
    "privacy_count_rule_changes": "你对服务器规则的更改",
    "privacy_count_audit": "被拒绝的内容，以及管理员对你的处理",
    "privacy_count_acts": "你作为管理员做过的事",
    "privacy_count_reports": "你举报过的图片",
    "privacy_under_way": "🧹 你在{since}要求全部清除：正在进行。",
    "privacy_retention": "-# 不在任何画板上的图片 {days} 天后删除。",
    "privacy_deleted": "-# 删除的图片，删除者一天内可以恢复；之后文件被清除。",
    "privacy_copies": "-# 数据库的备份保留 {days} 天。发出的内容 Discord 那里也有。",
    "privacy_contact": "-# 联系人：{contact}",
    "button_mydata_send": "发给我",
    "button_forgetme_ask": "忘记我……",
    "button_forgetnow_keep": "忘记我",
    "button_forgetnow_off": "忘记我，画板上的图片也撤下",
    "privacy_sent": "关于你保存的全部内容：`data.json`，旁边是你的图片。",
    "privacy_smaller": "-# 其中 {count} 张图片是较小的副本，这样才放得下。",
    "privacy_left_out": "-# 有 {count} 张图片放不下了：机器人的运营者可以把全部内容给你。",
    "privacy_forget": """\
### 忘记我
此操作无法撤销。想留下什么，请先点**发给我**。

**会清除的**（所有服务器）：你的任务（排队的先取消）、提示词和图片，连同文件和显示它们的消息，包括删除后还能恢复的；\
你的投票、评论、权限、表单和提示；其他各处的名字和 ID。

**会留下的，以及原因**
- 你在画板上的图片：那是团队的决定。留下的图片不带你的名字、提示词和配方；也可以选择一并撤下。
- 你的画板，以及上面的名称、说明和标签：它们属于团队。画板将没有所有者，管理员可以管理一切。
- 别人用你的图片画的，或自己写的内容：那是他们的，即使重复了你的词句。
- 服务器对你的决定（例如禁用），以及谁更改了规则：只留 ID 不留名字，直到决定失效。计入配额的数\
量：60 天。
- 数据库的备份，{days} 天。只要还有一份，就保留一条带你 ID 的记录，这样万一用到备份，会再次忘\
记你。
- 只有 Discord 才有的：仅你可见的回复，以及我们的私信。请自行删除。""",
    "erasure_refused": "🧹 你的任务已清除，但 Discord 不让我移除所有显示它们的消息。有权删除"
    "那里消息的人可以移除：{links}",
    "privacy_begun": "🧹 已经开始：从现在起没人能找到你的图片，其余的几分钟内完成；如果 Disco"
    "rd 很慢，最多一天。重启后也会继续。`/privacy` 会显示还剩什么；Discord 不让我删除的消息，"
    "我会私信告诉你。",
    "policy_kept": "直到被清除，或按服务器自己的规则",
    "policy_kept_days": "{days} 天，服务器自己的规则可以更短，在画板上的更久",
    "policy_deleted": "保留到有人要求清除",
    "policy_deleted_days": "最多保留 {days} 天",
    "policy_contact": "有问题请联系：{contact}",
    "policy_no_contact": "有问题请联系机器人的运营者。",
    "policy_hub": "模型文件是从 {hub} 下载的；不会向那里发送任何个人信息。",
    "policy_no_hub": "模型随程序提供。",
    "policy_debug": "目前日志级别是 DEBUG，也会记录提示词。",
    "policy_words_off": "不检查提示词中的词语，除非服务器要求。",
    "policy_words_spoiler": "提示词会在那台机器上与词表比较；含有这些词的图片会遮挡到点击为止"
    "。不保存比较结果。",
    "policy_pictures_off": "不检查图片，除非服务器要求。",
    "policy_pictures_spoiler": "那台机器上的模型会查看每张画出或交来的图片；被认为色情的会遮"
    "挡到点击为止。判断结果与图片一起保存。",
    "policy_pictures_refuse": "那台机器上的模型会查看每张画出或交来的图片；被认为色情的不给任"
    "何人看。判断结果与图片一起保存。",
    "policy_words_refuse": "提示词会在那台机器上与词表比较；含有这些词的会被拒绝。不保存比较结果。",
}
PRIVACY_CHINESE_COMMANDS: Final[dict[str, str]] = {
    "privacy": "隐私",
    "What is stored about you: see it, get it, have it erased": "关于你保存了什么：查看、取得、清除"
    "",
}
