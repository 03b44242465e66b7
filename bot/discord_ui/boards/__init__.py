"""What the cogs of mood boards share."""
