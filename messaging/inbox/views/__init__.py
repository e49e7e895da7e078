"""The list of conversations, one conversation, and what staff do with it."""
