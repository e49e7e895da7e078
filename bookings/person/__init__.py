"""What bookings add to a person's page, timeline and erasure."""
