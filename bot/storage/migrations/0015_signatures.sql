-- The secret that signs the recipes of this installation, made at its first start and copied with the
-- database; and what somebody may draw with one press of what the file of another tool says.

CREATE TABLE signing_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE takeovers (
    id TEXT PRIMARY KEY,
    prompt TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    seed INTEGER,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX takeovers_by_age ON takeovers (created_at);
