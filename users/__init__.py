"""Staff accounts, the bot's people, and what those people did."""
