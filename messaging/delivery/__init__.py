"""The engine that sends, and the only door to Telegram."""
