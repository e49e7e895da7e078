"""A new message, from the form to its start."""
