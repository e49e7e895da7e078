"""The list of bookings: filters, search, rows, chips."""
