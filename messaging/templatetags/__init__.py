"""Tags for the pages of messages."""
