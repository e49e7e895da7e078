-- What was and what is, for some lines of the audit: out of the rows of history that they name, or out of the line itself.
-- Only columns that differ; all of them where a row was made or deleted.
CREATE OR REPLACE FUNCTION audit_changes(entries bigint[]) RETURNS TABLE (entry bigint, was jsonb, is_now jsonb)
LANGUAGE plpgsql STABLE SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    line record;
    is_history boolean;
BEGIN
    FOR line IN SELECT id, what, record_table, record_id, data FROM users_auditentry WHERE id = ANY (entries) LOOP
        entry := line.id;
        was := line.data->'old';
        is_now := COALESCE(line.data->'new', line.data - 'old');
        IF to_regclass(CASE WHEN line.record_table <> '' THEN format('public.%I', line.record_table) END) IS NOT NULL THEN
            is_history := EXISTS (
                SELECT FROM pg_attribute
                WHERE attrelid = to_regclass(format('public.%I', line.record_table)) AND attname = 'pgh_obj_id'
            );
            EXECUTE format('SELECT to_jsonb(kept) FROM public.%I AS kept WHERE %I = $1',
                line.record_table, CASE WHEN is_history THEN 'pgh_id' ELSE 'id' END) INTO is_now USING line.record_id;
            IF is_history AND line.what LIKE '%.update' THEN
                EXECUTE format('SELECT to_jsonb(kept) FROM public.%1$I AS kept WHERE pgh_id < $1 AND pgh_obj_id ='
                    ' (SELECT pgh_obj_id FROM public.%1$I WHERE pgh_id = $1) ORDER BY pgh_id DESC LIMIT 1',
                    line.record_table) INTO was USING line.record_id;
            ELSIF is_history AND line.what LIKE '%.delete' THEN
                was := is_now;
                is_now := NULL;
            ELSIF is_now ? 'was' THEN
                was := jsonb_build_object('confirmed', is_now->'was');
                is_now := jsonb_build_object('confirmed', is_now->'status');
            END IF;
            was := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(was) WHERE key NOT LIKE 'pgh\_%');
            is_now := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(is_now) WHERE key NOT LIKE 'pgh\_%');
            IF was IS NOT NULL AND is_now IS NOT NULL THEN
                SELECT jsonb_object_agg(key, was->key), jsonb_object_agg(key, value) INTO was, is_now
                FROM jsonb_each(is_now) WHERE value IS DISTINCT FROM was->key;
            END IF;
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;
