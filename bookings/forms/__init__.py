"""What staff send about bookings."""
