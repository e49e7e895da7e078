"""The page of the audit: who changed or did what, whom it was about, what was and what is."""
