-- Forms that were opened: what each is about and what was typed into it, so that it can be answered
-- after a restart and opened again when it is refused.
CREATE TABLE forms (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    subject TEXT NOT NULL, -- JSON: what the form is about
    fields TEXT NOT NULL, -- JSON: its fields with the values that it was opened with
    typed TEXT, -- JSON: what was typed, by field; NULL until it is sent
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX forms_by_age ON forms (created_at);

-- Hints that were given: each once to a user.
CREATE TABLE hints (
    user_id INTEGER NOT NULL,
    hint TEXT NOT NULL,
    PRIMARY KEY (user_id, hint)
) STRICT, WITHOUT ROWID;
