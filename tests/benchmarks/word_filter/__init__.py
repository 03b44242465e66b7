"""How often the built-in words are seen where they are not, and missed where they are."""
