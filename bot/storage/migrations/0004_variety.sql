-- How far the seed moves the prompt's embedding, 0 to 100.

ALTER TABLE requests ADD COLUMN variety INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generations ADD COLUMN variety INTEGER NOT NULL DEFAULT 0;
