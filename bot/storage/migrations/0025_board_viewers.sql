-- Who may see what of a board is decided without reading whole pictures: what counts for it, and the
-- order of a sheet, stand in one index.
CREATE INDEX board_items_by_viewer
    ON board_items (board_id, place, number, channel_id, added_by, author_id, status)
    WHERE removed_at IS NULL;
DROP INDEX board_items_by_status;

-- The channels of boards, and those that their pictures were taken from, are places, too: whoever
-- asks is looked up in all of them at once.
INSERT OR IGNORE INTO places (channel_id, guild_id)
SELECT boards.channel_id, guild_id FROM boards WHERE boards.channel_id IS NOT NULL
UNION
SELECT board_items.channel_id, guild_id FROM board_items JOIN boards ON boards.id = board_id
WHERE board_items.channel_id IS NOT NULL
UNION
SELECT board_log.channel_id, guild_id FROM board_log JOIN boards ON boards.id = board_id
WHERE board_log.channel_id IS NOT NULL;

CREATE TRIGGER places_of_boards AFTER INSERT ON boards WHEN NEW.channel_id IS NOT NULL BEGIN
    INSERT INTO places (channel_id, guild_id) SELECT NEW.channel_id, NEW.guild_id
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE channel_id = NEW.channel_id);
END;

CREATE TRIGGER places_of_moved_boards AFTER UPDATE OF channel_id ON boards
WHEN NEW.channel_id IS NOT NULL BEGIN
    INSERT INTO places (channel_id, guild_id) SELECT NEW.channel_id, NEW.guild_id
    WHERE NOT EXISTS (SELECT 1 FROM places WHERE channel_id = NEW.channel_id);
END;

CREATE TRIGGER places_of_items AFTER INSERT ON board_items WHEN NEW.channel_id IS NOT NULL BEGIN
    INSERT INTO places (channel_id, guild_id)
    SELECT NEW.channel_id, guild_id FROM boards WHERE id = NEW.board_id
    AND NOT EXISTS (SELECT 1 FROM places WHERE channel_id = NEW.channel_id);
END;
