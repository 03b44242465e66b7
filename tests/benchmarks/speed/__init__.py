"""What `python -m bot bench` measures, and how it is shown."""
