-- What moderators decide: jobs that wait for them, and everything that was done, by whom and why.

-- A job that a moderator has to look at: before it is drawn (state 'queued') or before it is posted
-- ('made'). It is held until it is approved, or comes to one of its ends.
ALTER TABLE jobs ADD COLUMN held_why TEXT;
ALTER TABLE jobs ADD COLUMN approved_by INTEGER;

CREATE INDEX jobs_held ON jobs (held_why) WHERE held_why IS NOT NULL;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used again: buttons name it
    guild_id INTEGER NOT NULL,
    act TEXT NOT NULL,
    created_at TEXT NOT NULL,
    by_id INTEGER,  -- NULL: the bot itself
    by_name TEXT NOT NULL DEFAULT '',
    user_id INTEGER,  -- whom it concerns
    user_name TEXT NOT NULL DEFAULT '',
    channel_id INTEGER,
    job_id TEXT,
    image_ids TEXT NOT NULL DEFAULT '[]',
    words TEXT NOT NULL DEFAULT '',  -- the prompt, or what an appeal says
    why TEXT NOT NULL DEFAULT '',
    until TEXT,
    about INTEGER,  -- of an appeal: what it is against
    decision TEXT,  -- what became of it, where somebody has to decide
    decided_by INTEGER,
    decided_by_name TEXT NOT NULL DEFAULT '',
    decided_at TEXT,
    log_channel_id INTEGER,
    log_message_id INTEGER,
    shown_as TEXT,  -- the decision that its message shows, '' for none; NULL: there is none yet
    is_done INTEGER NOT NULL DEFAULT 1  -- whether nothing has to follow: telling whom it concerns…
) STRICT;

CREATE INDEX audit_by_guild ON audit (guild_id, id);
CREATE INDEX audit_by_member ON audit (guild_id, user_id, id);
CREATE INDEX audit_messages ON audit (log_message_id) WHERE log_message_id IS NOT NULL;
CREATE INDEX audit_of_job ON audit (job_id) WHERE job_id IS NOT NULL;

-- One report a member and image, one appeal a member and thing that it is against.
CREATE TABLE reports (
    image_id TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    guild_id INTEGER NOT NULL,
    PRIMARY KEY (image_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX audit_appeals ON audit (about) WHERE about IS NOT NULL;
