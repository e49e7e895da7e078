-- Takes a person out of history and audit. The application may change neither: this function of the owner does it, for
-- nobody but a person who is gone and has a stand-in, and what it did stands in the audit for ever.
-- ``work``: rows of history as {"table", "key", "id", "values"}; without values the row is deleted.
CREATE OR REPLACE FUNCTION audit_erase_person(person bigint, stand_in bigint, work jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    item jsonb;
    statement text;
    columns text;
    allowed text[];
    done integer := 0;
    touched integer := 0;
BEGIN
    IF stand_in < 2::bigint ^ 60 OR EXISTS (SELECT FROM users WHERE user_id = person)
        OR NOT EXISTS (SELECT FROM users WHERE user_id = stand_in)
    THEN
        RAISE EXCEPTION 'Only the history of a person who has been erased can be erased';
    END IF;
    FOR item IN SELECT value FROM jsonb_array_elements(work) LOOP
        IF jsonb_typeof(item->'values') = 'object' THEN
            columns := (SELECT string_agg(format('%1$I = changed.%1$I', key), ', ')
                FROM jsonb_object_keys(item->'values') AS key);
            allowed := ARRAY['pghistory_context', 'users_auditentry'];
            statement := 'UPDATE public.%1$I AS kept SET %3$s'
                ' FROM jsonb_populate_record(NULL::public.%1$I, $2) AS changed WHERE kept.%2$I::text = $1';
        ELSE
            allowed := ARRAY['pghistory_context'];
            statement := 'DELETE FROM public.%1$I WHERE %2$I::text = $1';
        END IF;
        IF item->>'table' <> ALL (allowed) AND NOT EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = to_regclass(format('public.%I', item->>'table')) AND attname = 'pgh_id'
        ) THEN
            RAISE EXCEPTION '% holds no history', item->>'table';
        END IF;
        EXECUTE format(statement, item->>'table', item->>'key', columns) USING item->>'id', item->'values';
        GET DIAGNOSTICS touched = ROW_COUNT;
        done := done + touched;
    END LOOP;
    -- What the erasing itself has written down holds what was erased; one line tells of it instead.
    DELETE FROM users_auditentry WHERE user_id = person AND at = transaction_timestamp();
    UPDATE users_auditentry SET reason = '', data = NULL WHERE at = transaction_timestamp();
    UPDATE users_auditentry SET user_id = stand_in, reason = '', data = NULL,
        object_id = CASE WHEN object_id = person::text THEN stand_in::text ELSE object_id END
    WHERE user_id = person;
    INSERT INTO users_auditentry (what, user_id, object_table, object_id, data)
    VALUES ('person.erased', stand_in, 'users', stand_in::text, jsonb_build_object('history', done));
    RETURN done;
END;
$$;
