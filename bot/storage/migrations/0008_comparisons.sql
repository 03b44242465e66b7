-- What differs between the images of a comparison; NULL for any other job.

ALTER TABLE jobs ADD COLUMN axis TEXT;
