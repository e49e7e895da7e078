-- Recounts some marked people and returns those still marked, in one call for a page of the list.
CREATE OR REPLACE FUNCTION person_totals_fold_some(at_most integer) RETURNS bigint[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM person_totals_fold(ARRAY(SELECT DISTINCT user_id FROM person_totals_pending LIMIT at_most));
    RETURN ARRAY(SELECT DISTINCT user_id FROM person_totals_pending);
END $$;
