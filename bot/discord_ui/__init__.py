"""What the cogs share: the client, the message of a job, views, components, permissions."""
