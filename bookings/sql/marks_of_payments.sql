-- Whether a mark in counting_marks is about something by which payments wait.
CREATE OR REPLACE FUNCTION marks_of_payments(about text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT about IN ('bookings', 'payment_proof_uploaded', 'alternative_payment_proof')
$$;
