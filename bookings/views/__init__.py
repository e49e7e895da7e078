"""Pages of courses, streams and bookings, a module a noun."""
