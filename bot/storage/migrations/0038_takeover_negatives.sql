-- What a picture of another program should not show, where the model heeds it.
ALTER TABLE takeovers ADD COLUMN negative TEXT NOT NULL DEFAULT '';
