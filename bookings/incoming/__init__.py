"""Payments that services tell us of: signatures, storing, applying, and the page of those that match no booking."""
