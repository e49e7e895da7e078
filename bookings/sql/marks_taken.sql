-- The trigger's, of counting_marks: whoever takes a mark away hands on what has to be counted of lessons and payments, in
-- the same transaction. So what the bot writes costs one mark, and each of the three is counted in its own time.
CREATE OR REPLACE FUNCTION marks_taken() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO lesson_steps_pending (user_id) SELECT DISTINCT user_id FROM taken WHERE marks_of_lessons(about);
    INSERT INTO bookings_paymentmark (user_id) SELECT DISTINCT user_id FROM taken WHERE marks_of_payments(about);
    RETURN NULL;
END $$;
