-- The pictures that images are made from beside words, by their content; the files are in `sources`.
CREATE TABLE inputs (
    job_id TEXT NOT NULL,  -- perhaps erased: then the file goes first
    position INTEGER NOT NULL,  -- of the image in its job
    place INTEGER NOT NULL,  -- of the picture among those of the image
    pixel_sha256 TEXT NOT NULL,
    PRIMARY KEY (job_id, position, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX inputs_by_pixels ON inputs (pixel_sha256);
