"""Rules that tell students about their bookings, and the words they use."""
