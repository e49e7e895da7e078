-- Marks people for a recount.
CREATE OR REPLACE FUNCTION person_totals_mark(people bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO counting_marks (user_id) SELECT person FROM unnest(people) AS person WHERE person IS NOT NULL
$$;
