-- What the images of a job have to do with each other, where braces in a prompt or a file of
-- prompts asked for them: a JSON document with a title and the labels of its groups.
ALTER TABLE jobs ADD COLUMN batch TEXT;
