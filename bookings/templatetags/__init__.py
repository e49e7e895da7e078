"""Filters for templates about bookings."""
