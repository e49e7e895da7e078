"""The steps that hand over to Django's migrations: which are done by being there, and how the rest is run."""

from collections.abc import Iterator

from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import call_command
from django.db import connection, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddConstraint, AddField, AddIndex, AlterModelOptions, CreateModel, Migration, RunSQL
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

from hsl_dashboard.adoption.locks import Patience, again, short_waits
from hsl_dashboard.adoption.step import NO_LOCK, Step, Takeover
from hsl_dashboard.adoption.target import BOT_TABLE_MIGRATIONS
from hsl_dashboard.db import run_sql

# Operations whose SQL depends on nothing but the models, so that it can be written before any lock is taken.
PLAIN = (CreateModel, AddField, AddIndex, AddConstraint, AlterModelOptions, RunSQL, AddTrigger, RemoveTrigger)


class SwiftExecutor(MigrationExecutor):
    """Runs a migration's SQL in one go where it can.

    Django draws all models between two operations, for some tenths of a second, while it holds the locks of those
    before. Here the SQL is collected first, and then sent as one script: locks last milliseconds, and only the one
    migration is tried again where others hold them.
    """

    def __init__(self, limits: Patience) -> None:
        super().__init__(connection)
        self.limits = limits

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        if fake or not migration.atomic:
            return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
        what = f"run the migration {migration}"
        if not all(isinstance(operation, PLAIN) for operation in migration.operations):
            apply = super().apply_migration
            return again(lambda: apply(state.clone(), migration), what=what, limits=self.limits)
        with connection.schema_editor(collect_sql=True, atomic=False) as editor:
            state = _collect(state, migration, editor)

        def attempt() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("\n".join(editor.collected_sql))
                self.record_migration(migration)  # type: ignore[call-arg, arg-type]

        again(attempt, what=what, limits=self.limits)
        return state


def _collect(state: ProjectState, migration: Migration, editor: BaseDatabaseSchemaEditor) -> ProjectState:
    """Have the editor collect the SQL of a migration; give the state of the models behind it."""
    if not _changes_each_model_once(migration):
        return migration.apply(state, editor, collect_sql=True)
    # All models are drawn once, as they are in the end, and not again at each of some forty operations.
    after = state.clone()
    after.__dict__.pop("apps", None)
    migration.mutate_state(after, preserve=False)
    for operation in migration.operations:
        operation.database_forwards(migration.app_label, editor, state, after)
    return after


def _changes_each_model_once(migration: Migration) -> bool:
    """Whether each operation's SQL is the same beside the models as the migration leaves them."""
    made, changed, others = set(), set(), 0
    for operation in migration.operations:
        if isinstance(operation, CreateModel):
            made.add(operation.name_lower)
        elif isinstance(operation, AddField | AddIndex | AddConstraint):
            changed.add(operation.model_name_lower)
        elif isinstance(operation, RunSQL):
            others += 1
            if operation.state_operations:
                return False
    return made.isdisjoint(changed) and len(migration.operations) - others > 1


def tables_are_taken_over() -> bool:
    """Whether an earlier run has brought the bot's tables to their target; migrations care for them since."""
    return set(BOT_TABLE_MIGRATIONS) <= set(MigrationRecorder(connection).applied_migrations())


def tables_of_the_bot() -> list[str]:
    """Name tables that are there although no migration of ours has made them or taken them over."""
    if tables_are_taken_over():
        return []
    loader = MigrationLoader(connection)
    there = set(connection.introspection.table_names())
    made = [
        operation.options["db_table"]
        for key in BOT_TABLE_MIGRATIONS
        if key not in loader.applied_migrations
        for operation in loader.get_migration(*key).operations
        if isinstance(operation, CreateModel)
    ]
    return sorted(there.intersection(made))


def pending_migrations() -> list[Migration]:
    """List what ``migrate`` would still do, in its order."""
    executor = MigrationExecutor(connection)
    return [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def foundation_step() -> Step:
    """Run what the bot's migrations build on: Django's own tables and the staff accounts."""
    return Step(
        "migrate what the bot's tables come after",
        "staff accounts and Django's own tables",
        NO_LOCK,
        lambda takeover: bool(_missing_foundation()),
        _migrate_foundation,
    )


def record_step() -> Step:
    """Tell Django that the bot's tables are there: the last thing done to them here."""
    return Step(
        "record the migrations of the bot's tables",
        "the tables are there, so Django must not make them",
        NO_LOCK,
        lambda takeover: not tables_are_taken_over(),
        lambda takeover: _record(),
    )


def migrate_step() -> Step:
    """Run every other migration, each in its own short transaction."""
    return Step(
        "run the other migrations",
        "audit, streams, and the dashboard's own tables",
        "each locks what it changes for some milliseconds",
        lambda takeover: bool(pending_migrations()),
        _migrate,
    )


def _missing_foundation() -> list[tuple[str, str]]:
    loader = MigrationLoader(connection)
    parents = {node.key for key in BOT_TABLE_MIGRATIONS for node in loader.graph.node_map[key].parents}
    return sorted(parents - set(BOT_TABLE_MIGRATIONS) - set(loader.applied_migrations))


def _migrate_foundation(takeover: Takeover) -> None:
    def attempt() -> None:
        with short_waits():
            SwiftExecutor(takeover.limits).migrate(_missing_foundation())

    again(attempt, what="migrate what the bot's tables come after", limits=takeover.limits)


def _record() -> None:
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    with transaction.atomic():
        applied = recorder.applied_migrations()
        for key in BOT_TABLE_MIGRATIONS:
            if key not in applied:
                recorder.record_applied(*key)


def _migrate(takeover: Takeover) -> None:
    def attempt() -> None:
        # A migration that did not get its locks is rolled back as a whole; those before it are recorded.
        with short_waits():
            _drop_half_built_indexes()
            executor = SwiftExecutor(takeover.limits)
            executor.migrate(executor.loader.graph.leaf_nodes())
            # Nothing is left to migrate: this makes what Django makes afterwards, permissions above all.
            call_command("migrate", interactive=False, verbosity=0)

    again(attempt, what="run the other migrations", limits=takeover.limits)


def _drop_half_built_indexes() -> None:
    """Clear away what an interrupted CREATE INDEX CONCURRENTLY of a pending migration left behind."""
    for name in _concurrent_indexes(pending_migrations()):
        run_sql(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')


def _concurrent_indexes(migrations: list[Migration]) -> Iterator[str]:
    for migration in migrations:
        for operation in migration.operations:
            if isinstance(operation, AddIndexConcurrently):
                yield operation.index.name
