"""The bot as a process of its own, against a Discord on real sockets."""
