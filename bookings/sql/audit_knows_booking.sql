-- Says whether the audit has anything of a booking. One statement may edit very many bookings while the audit is empty,
-- and a plan drawn up then would read the whole of it for each: only the index is allowed.
CREATE OR REPLACE FUNCTION audit_knows_booking(booking integer) RETURNS boolean
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT EXISTS (SELECT FROM bookings_bookingevent WHERE pgh_obj_id = booking)
$$;
