-- The channels and threads of guilds in which images were made: an image is for who may view the
-- place it was made in. A deleted one stays, so that nobody asks Discord for it again; it cannot be
-- asked any more whether it was age-restricted.

CREATE TABLE places (
    channel_id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    is_age_restricted INTEGER NOT NULL DEFAULT 0,
    gone_at TEXT
) STRICT;

CREATE INDEX places_by_guild ON places (guild_id);

INSERT OR IGNORE INTO places (channel_id, guild_id)
SELECT channel_id, guild_id FROM jobs WHERE guild_id IS NOT NULL
UNION
SELECT channel_id, guild_id FROM generations WHERE guild_id IS NOT NULL;

-- A page of what somebody may see is found in the index alone, however much is hidden from them.
DROP INDEX generations_by_guild;
CREATE INDEX generations_by_guild
    ON generations (guild_id, created_at, position, channel_id, user_id, deleted_at);

-- The full-text index learns the channel of each image, so that a search skips what is hidden from
-- whoever searches. It is built anew: some seconds for a hundred thousand images.
DROP TABLE prompts;
CREATE VIRTUAL TABLE prompts USING fts5(
    generation_id UNINDEXED, words, facets,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So'",
    prefix = '2 3 4'
);

INSERT INTO prompts (generation_id, words, facets)
SELECT
    id, index_words(prompt),
    CASE WHEN guild_id IS NULL THEN 'p' || user_id ELSE 'g' || guild_id || ' c' || channel_id END
    || ' u' || user_id || ' s' || seed || ' z' || width || 'x' || height
    || ' d' || substr(created_at, 1, 4)
    || ' d' || substr(created_at, 1, 4) || substr(created_at, 6, 2)
    || ' d' || substr(created_at, 1, 4) || substr(created_at, 6, 2) || substr(created_at, 9, 2)
FROM generations ORDER BY created_at, position;
