"""Referral coupons: what each brought, making one, switching it on and off."""
