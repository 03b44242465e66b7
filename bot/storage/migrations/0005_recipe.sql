-- The whole recipe as one canonical JSON document; images of before have theirs in the other columns.

ALTER TABLE generations ADD COLUMN recipe TEXT;
