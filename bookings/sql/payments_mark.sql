-- The trigger's: marks the person of a row, so that beat looks again which of their payments wait for a decision.
CREATE OR REPLACE FUNCTION payments_mark() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO bookings_paymentmark (user_id) SELECT DISTINCT user_id FROM bookings_waitingpayment;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' AND OLD.user_id IS NOT NULL THEN
        INSERT INTO bookings_paymentmark (user_id) VALUES (OLD.user_id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.user_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.user_id IS DISTINCT FROM OLD.user_id)
    THEN
        INSERT INTO bookings_paymentmark (user_id) VALUES (NEW.user_id);
    END IF;
    RETURN NULL;
END $$;
