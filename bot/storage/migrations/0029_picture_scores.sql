-- What the check of pictures said of an image, as JSON; NULL where it was not asked.
ALTER TABLE generations ADD COLUMN safety TEXT;
-- An image that the check found unsuitable is kept and shown to nobody.
ALTER TABLE generations ADD COLUMN is_withheld INTEGER NOT NULL DEFAULT 0;
