"""Commands of the project itself, one a module."""
