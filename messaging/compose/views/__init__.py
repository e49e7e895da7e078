"""Pages of a message being written."""
