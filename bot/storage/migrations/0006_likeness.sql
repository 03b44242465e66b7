-- What a changed copy of an image is recognised by; images of before get theirs from their files.

ALTER TABLE generations ADD COLUMN likeness BLOB;
