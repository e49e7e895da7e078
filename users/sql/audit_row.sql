-- For a table without history: writes a changed row into the audit, with what its changed columns were and are.
-- Arguments of the trigger: the key's column, the person's or '', columns to leave out, columns whose values are secret.
CREATE OR REPLACE FUNCTION audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    is_now jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    row_before jsonb := COALESCE(was, is_now);
    secret text;
BEGIN
    was := was - string_to_array(TG_ARGV[2], ',');
    is_now := is_now - string_to_array(TG_ARGV[2], ',');
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, was->key), jsonb_object_agg(key, value) INTO was, is_now
        FROM jsonb_each(is_now) WHERE value IS DISTINCT FROM was->key;
        IF is_now IS NULL OR (
            -- Retention (users/retention/events.py) has one line for all that it does.
            TG_TABLE_NAME = 'events' AND is_now - 'details' = '{}' AND current_setting('hsl_dashboard.forgetting', true) = 'on'
            AND (was @> is_now OR is_now->'details' = 'null')
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    FOREACH secret IN ARRAY string_to_array(TG_ARGV[3], ',') LOOP
        was := CASE WHEN was ? secret THEN was || jsonb_build_object(secret, '…') ELSE was END;
        is_now := CASE WHEN is_now ? secret THEN is_now || jsonb_build_object(secret, '…') ELSE is_now END;
    END LOOP;
    INSERT INTO users_auditentry (what, user_id, object_table, object_id, data)
    VALUES (
        TG_TABLE_NAME || '.' || lower(TG_OP), (row_before->>TG_ARGV[1])::bigint, TG_TABLE_NAME,
        row_before->>TG_ARGV[0], jsonb_strip_nulls(jsonb_build_object('old', was, 'new', is_now))
    );
    RETURN NULL;
END;
$$;
