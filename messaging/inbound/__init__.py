"""What comes from Telegram and its people: updates, blocks."""
