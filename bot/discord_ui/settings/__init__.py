"""The page of a server's rules: how it looks, what its forms ask, and what was typed into them."""
