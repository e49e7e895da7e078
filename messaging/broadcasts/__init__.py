"""Sent and scheduled messages: history, progress, acts, reports."""
