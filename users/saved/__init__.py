"""Saved views: a list's address under a name, one's own or shared, in the navigation and as a feed."""
