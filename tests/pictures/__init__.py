"""The pictures of the documentation, made by the program as it is."""
