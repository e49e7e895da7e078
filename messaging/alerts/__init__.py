"""Tell administrators what is wrong with the system, once, and when it is over; not through what may be wrong."""
