"""What a message says: its text, markup, placeholders and preview."""
