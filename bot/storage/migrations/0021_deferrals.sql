-- Answers that were deferred ("thinking…") and not given yet: a restart gives them, or says why not.
CREATE TABLE deferrals (
    id INTEGER PRIMARY KEY, -- the interaction's
    payload TEXT NOT NULL, -- JSON: the interaction as Discord sent it, with its token
    is_thinking INTEGER NOT NULL CHECK (is_thinking IN (0, 1)), -- whether a message says "thinking…"
    repeat TEXT NOT NULL CHECK (repeat IN ('never', 'unanswered', 'always')),
    attempts INTEGER NOT NULL DEFAULT 0, -- by later starts
    num_sent INTEGER NOT NULL DEFAULT 0, -- files that went into private messages
    created_at TEXT NOT NULL
) STRICT;
