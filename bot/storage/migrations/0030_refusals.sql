-- How often each rule refused something, by day: numbers, and nobody's names.
CREATE TABLE refusals (
    guild_id INTEGER NOT NULL,
    day TEXT NOT NULL,
    rule TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (guild_id, day, rule)
) STRICT, WITHOUT ROWID;
