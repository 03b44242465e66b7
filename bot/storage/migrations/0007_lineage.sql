-- Every image knows the very image it comes from, and how. Before, all images of a job named the
-- first one of those they came from; they came from them in order.

ALTER TABLE requests ADD COLUMN parent_id TEXT;

UPDATE requests SET parent_id = COALESCE(
    (
        SELECT twin.id FROM jobs
        JOIN generations AS first ON first.id = jobs.parent_id
        JOIN generations AS twin
            ON twin.job_id = first.job_id AND twin.position = first.position + requests.position
        WHERE jobs.id = requests.job_id
    ),
    (SELECT parent_id FROM jobs WHERE id = requests.job_id)
)
WHERE job_id IN (SELECT id FROM jobs WHERE parent_id IS NOT NULL);

UPDATE generations SET parent_id = (
    SELECT requests.parent_id FROM requests
    WHERE requests.job_id = generations.job_id AND requests.position = generations.position
)
WHERE parent_id IS NOT NULL AND position > 0;

-- The relation follows from what was changed, whichever button was pressed.
UPDATE generations SET relation = CASE
    WHEN generations.prompt <> parent.prompt OR generations.width <> parent.width
        OR generations.height <> parent.height OR generations.quality <> parent.quality
        OR generations.guidance_scale <> parent.guidance_scale THEN 'edit'
    WHEN generations.variety <> parent.variety THEN 'variation'
    WHEN generations.seed = parent.seed THEN 'same_seed'
    WHEN generations.variety > 0 THEN 'variation'
    ELSE 'new_seed'
END
FROM generations AS parent WHERE parent.id = generations.parent_id;

CREATE INDEX generations_by_parent ON generations (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX generations_by_message ON generations (message_id) WHERE message_id IS NOT NULL;
