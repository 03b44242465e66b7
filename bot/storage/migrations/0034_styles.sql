-- Styles of servers: words around a prompt, and values where its requester chooses none.
CREATE TABLE styles (
    id TEXT PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    name_key TEXT NOT NULL,  -- what names are compared by
    style TEXT NOT NULL,  -- JSON: its name, words and values
    author_id INTEGER NOT NULL,
    author_name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX styles_by_name ON styles (guild_id, name_key);
CREATE INDEX styles_by_author ON styles (author_id);

-- What a board gives to prompts is a style, too: its words behind them and its size stay in the
-- columns that they have; this has its name, its words in front and its other values (JSON).
ALTER TABLE boards ADD COLUMN other_defaults TEXT NOT NULL DEFAULT '{}';
