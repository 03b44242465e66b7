"""Control: a second network that reads a map of a picture and steers the transformer's blocks."""
