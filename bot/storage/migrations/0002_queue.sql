-- What a queue needs that survives a crash and that moderators can steer.

-- When a new message with this job's images was first tried: from then on the channel is looked at
-- before another one is posted.
ALTER TABLE jobs ADD COLUMN posting_at TEXT;
-- When a moderator moved the job to the front of their server's jobs.
ALTER TABLE jobs ADD COLUMN moved_at TEXT;

-- Who stopped a cancelled job, and whether the requester of a failed or cancelled one knows.
ALTER TABLE jobs ADD COLUMN ended_by INTEGER;
ALTER TABLE jobs ADD COLUMN is_told INTEGER NOT NULL DEFAULT 1;
CREATE INDEX jobs_to_tell ON jobs (is_told) WHERE is_told = 0;

-- Where drawing is paused; 0 is everywhere, which only the bot's owners can do.
CREATE TABLE pauses (
    guild_id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

-- Seconds an image takes beside its forwards: its text and its decoding.
ALTER TABLE speeds ADD COLUMN seconds_beside REAL NOT NULL DEFAULT 0;

-- Seconds until a model is loaded on this machine, as measured last.
CREATE TABLE load_times (
    model_id TEXT NOT NULL,
    device TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (model_id, device)
) STRICT, WITHOUT ROWID;
