-- What a request says beside what has a column of its own, as JSON: a new field needs no new column.

ALTER TABLE requests ADD COLUMN other_fields TEXT NOT NULL DEFAULT '{}';
ALTER TABLE generations ADD COLUMN other_fields TEXT NOT NULL DEFAULT '{}';
