-- An image that is deleted has to leave Discord, too, whatever happens meanwhile.

-- Messages that show an image beside the one that answered its job. A token of an interaction
-- reaches a message for 15 minutes where the bot itself is no member.
CREATE TABLE copies (
    message_id INTEGER NOT NULL,
    generation_id TEXT NOT NULL REFERENCES generations (id),
    channel_id INTEGER NOT NULL,
    application_id INTEGER,
    token TEXT,
    expires_at TEXT,
    PRIMARY KEY (message_id, generation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX copies_by_generation ON copies (generation_id);

-- Deleted images whose messages or file are still to be removed, and who hears of it if that
-- cannot be done.
CREATE TABLE deletions (
    generation_id TEXT PRIMARY KEY REFERENCES generations (id),
    user_id INTEGER NOT NULL,
    locale TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
