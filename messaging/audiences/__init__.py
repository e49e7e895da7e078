"""Whom a broadcast is for."""
