-- Guilds in which a star under a picture hangs it on a board: that of the channel, else this one.

CREATE TABLE board_stars (
    guild_id INTEGER PRIMARY KEY,
    board_id TEXT REFERENCES boards (id) ON DELETE SET NULL
) STRICT;
