"""Retention: days are sealed, audit and history go in batches, and events lose their details without a line each."""

import django.contrib.postgres.functions
from django.db import migrations, models

FORGET = """
-- Deletes some of the history and audit older than a moment, which is at least a year ago: the rows with the lowest keys,
-- at most so many. Gives how many; 0 is the end. What all calls for one moment have deleted stands in one line of the
-- audit, which this function never deletes, and neither what tells of erased people.
CREATE OR REPLACE FUNCTION audit_forget(before timestamptz, at_most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    name regclass;
    done bigint := 0;
    touched bigint;
BEGIN
    IF before IS NULL OR before > now() - interval '1 year' THEN
        RAISE EXCEPTION 'History is kept for a year at least';
    END IF;
    FOR name IN
        SELECT attrelid::regclass FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE attname = 'pgh_created_at' AND relkind = 'r' AND relnamespace = 'public'::regnamespace
        ORDER BY relname
    LOOP
        EXIT WHEN done >= at_most;
        -- A context is of one request: it goes with the first of its rows, and all of them are as old.
        EXECUTE format('WITH gone AS ('
            '    DELETE FROM %1$s WHERE pgh_id = ANY (ARRAY(SELECT pgh_id FROM %1$s ORDER BY pgh_id LIMIT $2))'
            '        AND pgh_created_at < $1 RETURNING pgh_context_id'
            '), contexts AS ('
            '    DELETE FROM pghistory_context WHERE created_at < $1'
            '        AND id = ANY (ARRAY(SELECT DISTINCT pgh_context_id FROM gone WHERE pgh_context_id IS NOT NULL))'
            ') SELECT count(*) FROM gone', name) INTO touched USING before, at_most - done;
        done := done + touched;
    END LOOP;
    DELETE FROM users_auditentry WHERE id = ANY (ARRAY(
        SELECT id FROM users_auditentry WHERE at < before AND what NOT IN ('audit.forgotten', 'person.erased')
        ORDER BY at, id LIMIT GREATEST(at_most - done, 0)
    ));
    GET DIAGNOSTICS touched = ROW_COUNT;
    done := done + touched;
    IF done > 0 THEN
        UPDATE users_auditentry SET data = jsonb_set(data, '{rows}', to_jsonb((data->>'rows')::bigint + done))
        WHERE what = 'audit.forgotten' AND at >= before AND data->'before' = to_jsonb(before);
        IF NOT FOUND THEN
            INSERT INTO users_auditentry (what, object_table, data)
            VALUES ('audit.forgotten', 'users_auditentry', jsonb_build_object('before', before, 'rows', done));
        END IF;
    END IF;
    RETURN done;
END;
$$;
"""
FORGET_BEFORE = """
CREATE OR REPLACE FUNCTION audit_forget(before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    name regclass;
    done bigint := 0;
    touched bigint;
BEGIN
    IF before IS NULL OR before > now() - interval '1 year' THEN
        RAISE EXCEPTION 'History is kept for a year at least';
    END IF;
    FOR name IN
        SELECT attrelid::regclass FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE attname = 'pgh_created_at' AND relkind = 'r' AND relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('DELETE FROM %s WHERE pgh_created_at < $1', name) USING before;
        GET DIAGNOSTICS touched = ROW_COUNT;
        done := done + touched;
    END LOOP;
    DELETE FROM pghistory_context WHERE created_at < before;
    DELETE FROM users_auditentry WHERE at < before;
    GET DIAGNOSTICS touched = ROW_COUNT;
    done := done + touched;
    INSERT INTO users_auditentry (what, object_table, data)
    VALUES ('audit.forgotten', 'users_auditentry', jsonb_build_object('before', before, 'rows', done));
    RETURN done;
END;
$$;
"""
ROW = """
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
"""
ROW_BEFORE = """
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
        IF is_now IS NULL THEN
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
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0018_index_of_usernames'),
    ]

    operations = [
        migrations.CreateModel(
            name='SealedDay',
            fields=[
                ('day', models.DateField(primary_key=True, serialize=False)),
                ('sealed_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow())),
                ('emptied_at', models.DateTimeField(null=True)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunSQL("DROP FUNCTION audit_forget(timestamptz)", FORGET_BEFORE),
        migrations.RunSQL(FORGET, "DROP FUNCTION audit_forget(timestamptz, integer)"),
        migrations.RunSQL(ROW, ROW_BEFORE),
    ]
