-- What this program knows of a person can be erased, and what it knows of a server that it left.

-- Who handed in the file whose settings may be drawn; unknown for those of before, which go within a
-- month.
ALTER TABLE takeovers ADD COLUMN user_id INTEGER;

-- The servers that the bot is or was a member of, and since when it is not any more.
CREATE TABLE memberships (
    guild_id INTEGER PRIMARY KEY,
    left_at TEXT
) STRICT;

-- How many rows were erased: a database that forgot something knows no less than its older copies.
CREATE TABLE erased (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    num_images INTEGER NOT NULL,
    num_jobs INTEGER NOT NULL
) STRICT;
INSERT INTO erased VALUES (1, 0, 0);

-- Who asked for something, and who hung it up, is found without reading every row.
CREATE INDEX jobs_by_ender ON jobs (ended_by) WHERE ended_by IS NOT NULL;
CREATE INDEX forms_by_user ON forms (user_id);
CREATE INDEX board_votes_by_user ON board_votes (user_id);
CREATE INDEX board_comments_by_user ON board_comments (user_id);
CREATE INDEX board_log_by_user ON board_log (user_id);
CREATE INDEX board_items_by_adder ON board_items (added_by);
CREATE INDEX board_items_by_author ON board_items (author_id) WHERE author_id IS NOT NULL;
