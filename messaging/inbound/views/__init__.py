"""Pages of blocked people, and the webhook."""
