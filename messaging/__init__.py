"""Messages to the bot's people, and the only door to Telegram."""
