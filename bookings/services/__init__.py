"""What staff can do with bookings."""
