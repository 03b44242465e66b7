-- Every answer has an end, also across restarts, and every image gets its own chances.

-- Bytes that one file may have in the place a job comes from, as its interaction told.
ALTER TABLE jobs ADD COLUMN upload_limit INTEGER;
-- Since when its requester could not be answered.
ALTER TABLE jobs ADD COLUMN tried_since TEXT;

-- What was being drawn when the engine broke, or when the process ended without being told to; no
-- job where nothing was.
CREATE TABLE breakdowns (
    id INTEGER PRIMARY KEY,
    cause TEXT NOT NULL CHECK (cause IN ('engine', 'process')),
    job_id TEXT,
    position INTEGER,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX breakdowns_by_job ON breakdowns (job_id) WHERE job_id IS NOT NULL;
