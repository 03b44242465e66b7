-- What our copies of pictures weigh, so that a guild's boards have a limit; 0 until it is looked up.
-- What was done to a picture is told only to who may view the channel that it was taken from, also
-- when it hangs there no more.

ALTER TABLE board_items ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX board_items_unweighed ON board_items (file) WHERE size_bytes = 0;
CREATE INDEX board_items_by_weight ON board_items (board_id, file, size_bytes);

ALTER TABLE board_log ADD COLUMN channel_id INTEGER;
UPDATE board_log SET channel_id = (
    SELECT channel_id FROM board_items
    WHERE board_items.board_id = board_log.board_id AND board_items.number = board_log.number
) WHERE number IS NOT NULL;
