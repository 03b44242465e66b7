"""The features of the bot: each file turns interactions into requests and results into messages."""
