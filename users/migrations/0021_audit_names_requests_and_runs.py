"""The audit names a request as the logs do, and the line of a run of retention grows with each of its batches."""

from django.db import migrations

CONTEXT = """
-- Fills in who, why and from where, as the writer's pghistory.context() says it; the bot's raw SQL has none.
CREATE OR REPLACE FUNCTION audit_context() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');
BEGIN
    IF context IS NULL THEN
        RETURN NEW;
    END IF;
    NEW.done_by_id := COALESCE(
        NEW.done_by_id, CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END
    );
    NEW.reason := COALESCE(NULLIF(NEW.reason, ''), context->>'reason', '');
    NEW.address := left(COALESCE(context->>'address', ''), 45);
    NEW.request := left(COALESCE(
        context->>'task', 'token ' || (context->>'token'), NULLIF(context->>'request', ''),
        current_setting('pghistory.context_id', true), ''
    ), 64);
    RETURN NEW;
END;
$$;
"""
CONTEXT_BEFORE = """
-- Fills in who, why and from where, as the writer's pghistory.context() says it; the bot's raw SQL has none.
CREATE OR REPLACE FUNCTION audit_context() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
DECLARE
    context jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '');
BEGIN
    IF context IS NULL THEN
        RETURN NEW;
    END IF;
    NEW.done_by_id := COALESCE(
        NEW.done_by_id, CASE WHEN context->>'user' ~ '^[0-9]{1,9}$' THEN (context->>'user')::integer END
    );
    NEW.reason := COALESCE(NULLIF(NEW.reason, ''), context->>'reason', '');
    NEW.address := left(COALESCE(context->>'address', ''), 45);
    NEW.request := left(COALESCE(
        context->>'task', 'token ' || (context->>'token'), current_setting('pghistory.context_id', true), ''
    ), 64);
    RETURN NEW;
END;
$$;
"""
RETENTION = """
-- Adds rows to what the line of a run of retention tells of one rule, and says which rules are not finished. It changes no
-- other line, and none of a run that is over: the application has no other way to add to a line.
CREATE OR REPLACE FUNCTION audit_retention(line bigint, rule text, forgotten bigint, unfinished jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path TO pg_catalog, public, pg_temp AS $$
BEGIN
    IF forgotten < 0 OR jsonb_typeof(unfinished) <> 'array' OR rule = 'unfinished' THEN
        RAISE EXCEPTION 'A run of retention only adds to its line';
    END IF;
    UPDATE users_auditentry
    SET data = data - 'unfinished' || jsonb_build_object(rule, COALESCE((data->>rule)::bigint, 0) + forgotten)
        || CASE WHEN unfinished = '[]' THEN '{}' ELSE jsonb_build_object('unfinished', unfinished) END
    WHERE id = line AND what = 'retention.applied' AND data ? 'unfinished';
END;
$$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("users", "0020_far_first_seen"),
    ]

    operations = [
        migrations.RunSQL(CONTEXT, CONTEXT_BEFORE),
        migrations.RunSQL(RETENTION, "DROP FUNCTION audit_retention(bigint, text, bigint, jsonb)"),
    ]
