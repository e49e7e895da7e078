"""What staff can do while they write: drafts, templates, segments, the linked account."""
