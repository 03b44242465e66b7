"""What moderators are shown, and what they press: the log channel and its buttons."""
