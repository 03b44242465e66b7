-- The full-text index learns how each image was made, so that it can be looked for by that: its
-- relation to the one it comes from and its operation, without underscores.
UPDATE prompts SET facets = facets || (
    SELECT ' r' || replace(relation, '_', '') || ' o' || replace(kind, '_', '')
        || CASE kind WHEN 'text_to_image' THEN '' ELSE ' oimage' END
    FROM (
        SELECT id, relation,
            COALESCE(json_extract(other_fields, '$.operation.kind'), 'text_to_image') AS kind
        FROM generations
    ) WHERE id = generation_id
)
WHERE generation_id IN (SELECT id FROM generations);
