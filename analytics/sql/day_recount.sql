-- Counts these days again.
CREATE OR REPLACE FUNCTION day_recount(days date[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM analytics_daycount AS kept WHERE kept.day = ANY (days);
    INSERT INTO analytics_daycount (day, kind, key, number)
    SELECT wanted.day, c.kind, c.key, c.number
    FROM unnest(days) AS wanted (day) CROSS JOIN LATERAL day_counts(wanted.day) AS c WHERE c.number > 0
$$;
