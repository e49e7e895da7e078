-- Keeps the row of bookings_confirmation for one booking, whose row the writer has locked. By indexes only: one statement
-- may confirm very many bookings while the tables that are looked up here are empty, and they grow meanwhile.
CREATE OR REPLACE FUNCTION confirmation_keep(booking integer) RETURNS void
LANGUAGE sql SET enable_seqscan = off AS $$
    DELETE FROM bookings_confirmation AS c
    WHERE c.booking_id = booking AND NOT EXISTS (SELECT FROM bookings AS b WHERE b.id = booking AND b.confirmed = 2);
    INSERT INTO bookings_confirmation (booking_id, confirmed_at)
    SELECT b.id, confirmation_moment(b.id, b.created_at) FROM bookings AS b WHERE b.id = booking AND b.confirmed = 2
    ON CONFLICT (booking_id) DO UPDATE SET confirmed_at = EXCLUDED.confirmed_at
$$;
