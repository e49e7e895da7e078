"""Money: what was received, what confirmed bookings without a payment are worth, by stream, code and period."""
