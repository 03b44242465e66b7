"""A simulated Discord behind real HTTP and a real gateway WebSocket, for bots in other processes.

simcord keeps the state and knows the routes; this package puts it on the wire, keeps the rules of
Discord that simcord does not, breaks what can break, and writes down what was asked. The bot runs
as a process of its own, so it can be killed as one while its Discord lives on.
"""
