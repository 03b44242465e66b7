-- A full-text index of the prompts. Its rowids follow the order in which images were made, so the
-- newest are found first without sorting. `index_words` is a function of this program.

CREATE VIRTUAL TABLE prompts USING fts5(
    generation_id UNINDEXED, words, facets,
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co So'",
    prefix = '2 3 4'
);

INSERT INTO prompts (generation_id, words, facets)
SELECT
    id, index_words(prompt),
    CASE WHEN guild_id IS NULL THEN 'p' || user_id ELSE 'g' || guild_id END
    || ' u' || user_id || ' s' || seed || ' z' || width || 'x' || height
    || ' d' || substr(created_at, 1, 4)
    || ' d' || substr(created_at, 1, 4) || substr(created_at, 6, 2)
    || ' d' || substr(created_at, 1, 4) || substr(created_at, 6, 2) || substr(created_at, 9, 2)
FROM generations ORDER BY created_at, position;
