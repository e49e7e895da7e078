"""Pages of sent and scheduled messages."""
