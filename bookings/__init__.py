"""Courses, streams, bookings, free lessons and referral coupons."""
