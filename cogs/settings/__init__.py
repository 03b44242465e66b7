"""`/settings`: the rules of a server, one topic a file."""
