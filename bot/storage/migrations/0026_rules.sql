-- A server's own rules, who changed them, and what its members had drawn under them.

CREATE TABLE rules (
    guild_id INTEGER NOT NULL,
    layer TEXT NOT NULL,
    subject TEXT NOT NULL,  -- whom or what it is for; '' is the whole server
    name TEXT NOT NULL,
    value TEXT NOT NULL,  -- JSON
    until TEXT,  -- when it ends by itself
    PRIMARY KEY (guild_id, layer, subject, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_changes (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    steps TEXT NOT NULL,  -- JSON: what each rule was, and what it became
    undoes INTEGER REFERENCES rule_changes (id)
) STRICT;

CREATE INDEX rule_changes_by_guild ON rule_changes (guild_id, id);

-- What each image costs of its requester's quota, in thousandths of a usual one. A row goes when
-- the image will not be drawn; it stays when the image is deleted.
CREATE TABLE charges (
    job_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    guild_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX charges_by_member ON charges (guild_id, user_id, created_at);
CREATE INDEX charges_by_guild ON charges (guild_id, created_at);

-- What moderators let members draw on top.
CREATE TABLE grants (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    granted_by INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX grants_by_member ON grants (guild_id, user_id, created_at);

-- Which rules a waiting job falls under: its requester's roles, the thread, channel and category it
-- comes from, and what kind of channel that is.
ALTER TABLE jobs ADD COLUMN role_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN places TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN channel_kind TEXT NOT NULL DEFAULT 'normal';
