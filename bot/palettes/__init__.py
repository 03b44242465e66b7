"""The colours of pictures: found, named in two languages, and written for other programs."""
