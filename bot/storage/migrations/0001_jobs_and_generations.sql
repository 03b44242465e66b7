-- Times are UTC in ISO 8601, durations in seconds.

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL
        CHECK (state IN ('queued', 'running', 'made', 'posted', 'failed', 'cancelled')),
    relation TEXT NOT NULL,
    parent_id TEXT,
    spoiler INTEGER NOT NULL,
    guild_id INTEGER,
    channel_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    user_name TEXT NOT NULL,
    locale TEXT NOT NULL,
    application_id INTEGER NOT NULL,
    token TEXT,
    expires_at TEXT NOT NULL,
    message_id INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE INDEX jobs_by_state ON jobs (state, created_at);
CREATE INDEX jobs_by_user ON jobs (user_id, created_at);

CREATE TABLE requests (
    job_id TEXT NOT NULL REFERENCES jobs (id),
    position INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    seed INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    quality TEXT NOT NULL,
    guidance_scale REAL NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

-- Everything that made an image. `conditions` holds the engine's whole account as JSON; the columns
-- beside it are those that people ask for.
CREATE TABLE generations (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    position INTEGER NOT NULL,
    relation TEXT NOT NULL,
    parent_id TEXT,
    user_id INTEGER NOT NULL,
    guild_id INTEGER,
    channel_id INTEGER NOT NULL,
    message_id INTEGER,
    prompt TEXT NOT NULL,
    prompt_used TEXT NOT NULL,
    seed INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    quality TEXT NOT NULL,
    num_inference_steps INTEGER NOT NULL,
    sigmas TEXT NOT NULL,
    guidance_scale REAL NOT NULL,
    model_id TEXT NOT NULL,
    model_revision TEXT NOT NULL,
    dtype TEXT NOT NULL,
    device TEXT NOT NULL,
    torch TEXT NOT NULL,
    diffusers TEXT NOT NULL,
    transformers TEXT NOT NULL,
    conditions TEXT NOT NULL,
    durations TEXT NOT NULL,
    pixel_sha256 TEXT NOT NULL,
    created_at TEXT NOT NULL,
    deleted_at TEXT,
    UNIQUE (job_id, position)
) STRICT;

CREATE INDEX generations_by_guild ON generations (guild_id, created_at);
CREATE INDEX generations_by_user ON generations (user_id, created_at);
CREATE INDEX generations_by_pixels ON generations (pixel_sha256);

-- The hash of every file of each model that ever drew here.
CREATE TABLE model_files (
    model_id TEXT NOT NULL,
    model_revision TEXT NOT NULL,
    path TEXT NOT NULL,
    md5 TEXT NOT NULL,
    PRIMARY KEY (model_id, model_revision, path)
) STRICT, WITHOUT ROWID;

-- How fast this machine draws: seconds a forward, by image tokens.
CREATE TABLE speeds (
    model_id TEXT NOT NULL,
    device TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    seconds_per_forward REAL NOT NULL,
    PRIMARY KEY (model_id, device, tokens)
) STRICT, WITHOUT ROWID;
