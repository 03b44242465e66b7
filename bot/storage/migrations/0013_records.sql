-- Whether what the file of an image does not tell (who asked, where) is written down beside it, so
-- that its row can be made again without the database.

ALTER TABLE generations ADD COLUMN has_record INTEGER NOT NULL DEFAULT 0;
CREATE INDEX generations_without_record ON generations (job_id)
    WHERE has_record = 0 AND deleted_at IS NULL;

-- How far the slow check of all files has come: the name of the last file of each kind.
CREATE TABLE file_checks (
    kind TEXT PRIMARY KEY,
    position TEXT NOT NULL,
    checked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
