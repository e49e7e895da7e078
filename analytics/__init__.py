"""Counts and charts; reads only."""
