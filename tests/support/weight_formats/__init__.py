"""Files of weights as people have them, made from a folder of the demo model."""
