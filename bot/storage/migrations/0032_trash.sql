-- Deleted images that whoever deleted them can bring back: their files stay until then.
CREATE TABLE trash (
    generation_id TEXT PRIMARY KEY REFERENCES generations (id),
    trash_id TEXT NOT NULL,  -- what was deleted together comes back together
    user_id INTEGER NOT NULL,  -- who deleted it, and alone may bring it back
    created_at TEXT NOT NULL,
    until TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX trash_by_id ON trash (trash_id);
CREATE INDEX trash_by_until ON trash (until);
