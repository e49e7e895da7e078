-- Counts everybody again: a table was truncated.
CREATE OR REPLACE FUNCTION person_totals_recount_everybody() RETURNS void LANGUAGE sql AS $$
    SELECT person_totals_recount(ARRAY(SELECT user_id FROM person_totals UNION SELECT user_id FROM users))
$$;
