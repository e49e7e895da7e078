-- The trigger's: notes that a new event has words of a student. A moment outside the calendar, or ahead, is now.
CREATE OR REPLACE FUNCTION conversation_text() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO messaging_studenttext (event_id, user_id, written_at)
    VALUES (NEW.id, NEW.user_id, LEAST(GREATEST(COALESCE(NEW.created_at, now()), '2000-01-01'), now()))
    ON CONFLICT (event_id) DO NOTHING;
    RETURN NULL;
END $$;
