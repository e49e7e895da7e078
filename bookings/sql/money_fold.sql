-- Sums some of the marked days again and takes their marks away; returns how many, or -1 while somebody else is at it or
-- all days wait. A mark is removed before the sum: one that arrives later may stand for a row that this sum has not seen.
CREATE OR REPLACE FUNCTION money_fold(at_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    days date[];
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('money_fold', 0))
        OR EXISTS (SELECT FROM bookings_moneymark WHERE everything)
    THEN
        RETURN -1;
    END IF;
    WITH chosen AS MATERIALIZED (
        SELECT DISTINCT day FROM bookings_moneymark WHERE NOT everything LIMIT at_most
    ), taken AS (
        DELETE FROM bookings_moneymark AS mark USING chosen
        WHERE mark.day IS NOT DISTINCT FROM chosen.day AND NOT mark.everything
        RETURNING mark.day
    )
    SELECT array_agg(DISTINCT day) INTO days FROM taken;
    IF days IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM money_recount(days);
    RETURN cardinality(days);
END $$;
