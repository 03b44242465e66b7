"""The whole bot in a simulated Discord, in one process."""
