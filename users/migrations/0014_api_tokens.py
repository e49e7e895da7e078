"""Tokens of the API, the answers that it gives twice, and the token's name in the audit."""

import django.contrib.postgres.fields
import django.contrib.postgres.functions
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


AUDIT_CONTEXT = """
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

AUDIT_CONTEXT_BEFORE = """
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
    NEW.request := left(COALESCE(context->>'task', current_setting('pghistory.context_id', true), ''), 64);
    RETURN NEW;
END;
$$;
"""

TRIGGERS = """
CREATE TRIGGER audit_row AFTER INSERT OR UPDATE OR DELETE ON users_apitoken FOR EACH ROW
    EXECUTE FUNCTION audit_row('id', '', 'last_used_at,last_used_from', 'digest');
CREATE TRIGGER audit_truncate AFTER TRUNCATE ON users_apitoken FOR EACH STATEMENT EXECUTE FUNCTION audit_truncate();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('users', '0013_number_marks'),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('caller', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=200)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.SmallIntegerField(null=True)),
                ('body', models.JSONField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), db_index=True)),
            ],
            options={
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('caller', 'key'), name='users_apianswer_once')],
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('beginning', models.CharField(max_length=20, verbose_name='first characters')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='hash of the token')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('read', 'Read people, bookings, messages and numbers; e-mails masked'), ('personal', 'See e-mail addresses in full; each look is written down'), ('bookings', 'Change bookings'), ('messages', 'Send, schedule and delete messages')], max_length=20), size=None, verbose_name='scopes')),
                ('created_at', models.DateTimeField(db_default=django.contrib.postgres.functions.TransactionNow(), verbose_name='created')),
                ('expires_at', models.DateTimeField(null=True, verbose_name='expires')),
                ('last_used_at', models.DateTimeField(null=True, verbose_name='last used')),
                ('last_used_from', models.CharField(blank=True, db_default='', max_length=45, verbose_name='last used from')),
                ('revoked_at', models.DateTimeField(null=True, verbose_name='revoked')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
            ],
            options={
                'verbose_name': 'API token',
                'verbose_name_plural': 'API tokens',
                'permissions': [('manage_apitokens', 'Can see and revoke the API tokens of others')],
                'default_permissions': (),
            },
        ),
        migrations.RunSQL(AUDIT_CONTEXT, AUDIT_CONTEXT_BEFORE),
        migrations.RunSQL(TRIGGERS, migrations.RunSQL.noop),
    ]
