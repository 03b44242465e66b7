"""What surrounds the program: the operator's files, streams, signals, and how it was installed."""
