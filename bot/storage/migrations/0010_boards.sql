-- Mood boards. A deleted board keeps its state, so that it can be brought back as it was; the rows of
-- what was deleted or taken off more than a day ago are swept. Colours are JSON: [[r, g, b, share]].

CREATE TABLE boards (
    id TEXT PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    brief TEXT NOT NULL,
    channel_id INTEGER,
    message_id INTEGER,
    owner_id INTEGER NOT NULL,
    owner_name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'archived')),
    style TEXT NOT NULL,
    size TEXT,
    theme TEXT NOT NULL,
    sorting TEXT NOT NULL,
    everyone INTEGER NOT NULL CHECK (everyone BETWEEN 0 AND 4),
    self_vote INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    palette TEXT NOT NULL DEFAULT '[]',
    last_number INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    deleted_at TEXT
) STRICT;

CREATE UNIQUE INDEX boards_by_name ON boards (guild_id, name_key) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX boards_by_channel ON boards (channel_id)
    WHERE channel_id IS NOT NULL AND state = 'open' AND deleted_at IS NULL;
CREATE INDEX boards_by_message ON boards (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE board_grants (
    board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('member', 'role')),
    subject_id INTEGER NOT NULL,
    access INTEGER NOT NULL CHECK (access BETWEEN 0 AND 4),
    PRIMARY KEY (board_id, kind, subject_id)
) STRICT, WITHOUT ROWID;

-- `file` is the name of our own copy of the bytes; several pictures may share one. `place` orders
-- a board's pictures and may leave gaps.
CREATE TABLE board_items (
    id TEXT PRIMARY KEY,
    board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('generation', 'upload')),
    file TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    pixel_sha256 TEXT NOT NULL,
    likeness BLOB NOT NULL,
    generation_id TEXT,
    prompt TEXT,
    seed INTEGER,
    recipe TEXT,
    caption TEXT NOT NULL,
    credit TEXT NOT NULL,
    author_id INTEGER,
    link TEXT,
    channel_id INTEGER,
    is_spoiler INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('candidate', 'shortlist', 'approved', 'rejected')),
    tags TEXT NOT NULL,
    palette TEXT NOT NULL,
    added_by INTEGER NOT NULL,
    added_by_name TEXT NOT NULL,
    added_at TEXT NOT NULL,
    removed_at TEXT,
    UNIQUE (board_id, number)
) STRICT;

-- The same picture hangs on a board once, whatever happens at the same time.
CREATE UNIQUE INDEX board_items_by_pixels ON board_items (board_id, pixel_sha256)
    WHERE removed_at IS NULL;
-- Counted for every line of a list, and looked through once an hour: neither reads whole rows.
CREATE INDEX board_items_by_status ON board_items (board_id, status) WHERE removed_at IS NULL;
CREATE INDEX board_items_removed ON board_items (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX board_items_by_file ON board_items (file);
CREATE INDEX board_items_by_generation ON board_items (generation_id)
    WHERE generation_id IS NOT NULL;

CREATE TABLE board_votes (
    item_id TEXT NOT NULL REFERENCES board_items (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (item_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE board_comments (
    id INTEGER PRIMARY KEY,
    item_id TEXT NOT NULL REFERENCES board_items (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX board_comments_by_item ON board_comments (item_id);

CREATE TABLE board_log (
    id INTEGER PRIMARY KEY,
    board_id TEXT NOT NULL REFERENCES boards (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    verb TEXT NOT NULL,
    number INTEGER,
    detail TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX board_log_by_board ON board_log (board_id, id);
