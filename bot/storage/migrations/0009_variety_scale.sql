-- What a variety means in noise; all images of before were made on the first scale.

ALTER TABLE requests ADD COLUMN variety_scale INTEGER NOT NULL DEFAULT 1;
ALTER TABLE generations ADD COLUMN variety_scale INTEGER NOT NULL DEFAULT 1;
