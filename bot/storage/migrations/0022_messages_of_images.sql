-- Images that were stored after a restart had looked up which message answers their job did not know
-- that message: deleting them from elsewhere left them in it.
UPDATE generations SET message_id = (SELECT message_id FROM jobs WHERE jobs.id = job_id)
WHERE message_id IS NULL AND deleted_at IS NULL;
