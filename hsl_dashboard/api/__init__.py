"""The JSON API under one roof: every app gives its routes."""
