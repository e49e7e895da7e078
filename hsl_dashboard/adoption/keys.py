"""Steps that bring triggers, indexes, unique constraints and foreign keys to what the models say."""

from collections.abc import Iterator

from hsl_dashboard.adoption.catalog import Catalog, LiveConstraint, LiveIndex, same_index
from hsl_dashboard.adoption.step import BRIEF_LOCK, NO_LOCK, Step, Takeover
from hsl_dashboard.adoption.target import ForeignKey, Index, Table, Trigger, Unique


def trigger_step(trigger: Trigger) -> Step:
    """Install the trigger that makes a missing person; pgtrigger keeps a hash of its text in the comment."""
    name = f"install trigger on {trigger.table}"

    def needed(takeover: Takeover) -> bool:
        live = takeover.catalog.trigger(trigger.table, trigger.name)
        return live is None or live.hash != trigger.hash

    return Step(
        name,
        "from now on a row of an unknown person makes the person",
        BRIEF_LOCK,
        needed,
        lambda takeover: takeover.briefly(name, trigger.install),
    )


def index_step(index: Index) -> Step:
    """Build an index beside the bot's work; what an interruption left half built is dropped first.

    The bot's own index over the same, under another name, is given ours instead.
    """
    name = f"build index {index.name}"

    def needed(takeover: Takeover) -> bool:
        live = takeover.catalog.index(index.name)
        return live is None or not live.valid

    def run(takeover: Takeover) -> None:
        if takeover.catalog.index(index.name):
            takeover.patiently(f'DROP INDEX CONCURRENTLY "{index.name}"')
        if same := equal_index(takeover.catalog, index):
            takeover.briefly(name, f'ALTER INDEX "{same.name}" RENAME TO "{index.name}"')
        else:
            takeover.patiently(index.create_concurrently)

    why = f"the pages ask {index.table} by it; an equal one of the bot is renamed"
    return Step(name, why, NO_LOCK, needed, run, table=index.table)


def equal_index(catalog: Catalog, index: Index) -> LiveIndex | None:
    """Find an index of the bot that is the wanted one in all but its name."""
    return next(
        (i for i in catalog.indexes if i.table == index.table and i.valid and same_index(i.definition, index.create)),
        None,
    )


def unique_step(unique: Unique) -> Step:
    """Give a unique constraint its name, or build it on an index made beside the bot's work."""
    name = f"unique {unique.table} ({', '.join(unique.columns)})"

    def needed(takeover: Takeover) -> bool:
        return takeover.catalog.constraint(unique.table, unique.name) is None

    def run(takeover: Takeover) -> None:
        if same := same_unique(takeover.catalog, unique):
            rename = f'ALTER TABLE "{unique.table}" RENAME CONSTRAINT "{same.name}" TO "{unique.name}"'
            takeover.briefly(name, rename)
            return
        index = _usable_index(takeover.catalog, unique)
        if index is None:
            _build_unique_index(takeover, unique)
            index = unique.name
        use = f'ALTER TABLE "{unique.table}" ADD CONSTRAINT "{unique.name}" UNIQUE USING INDEX "{index}"'
        takeover.briefly(name, use)

    why = f"as the constraint {unique.name}; the bot's own is renamed"
    return Step(name, why, BRIEF_LOCK, needed, run, table=unique.table)


def same_unique(catalog: Catalog, unique: Unique) -> LiveConstraint | None:
    """Find the bot's constraint over the same columns, under whatever name."""
    return next(
        (c for c in catalog.constraints if (c.table, c.kind, c.columns) == (unique.table, "u", unique.columns)), None
    )


def is_held_unique(catalog: Catalog, unique: Unique) -> bool:
    """Whether the database already refuses duplicates of these columns."""
    return same_unique(catalog, unique) is not None or _usable_index(catalog, unique) is not None


def _usable_index(catalog: Catalog, unique: Unique) -> str | None:
    return next(
        (
            index.name
            for index in catalog.indexes
            if index.table == unique.table
            and index.unique
            and index.valid
            and index.whole
            and index.columns == unique.columns
        ),
        None,
    )


def _build_unique_index(takeover: Takeover, unique: Unique) -> None:
    if takeover.catalog.index(unique.name):
        takeover.patiently(f'DROP INDEX CONCURRENTLY "{unique.name}"')
    takeover.patiently(f'CREATE UNIQUE INDEX CONCURRENTLY "{unique.name}" ON "{unique.table}" ({unique.column_list})')


def foreign_key_steps(key: ForeignKey) -> Iterator[Step]:
    """Add the key unchecked, check the old rows without a lock, then put it in the place of the bot's own."""
    alter = f'ALTER TABLE "{key.table}"'
    add, check, swap = f"add key {key.name}", f"check key {key.name}", f"replace the bot's key {key.name}"

    def run_add(takeover: Takeover) -> None:
        taken = takeover.catalog.constraint(key.table, key.name)
        name = f"{key.name}_new" if taken else key.name
        takeover.briefly(add, f'{alter} ADD CONSTRAINT "{name}" {key.definition} NOT VALID')

    def run_check(takeover: Takeover) -> None:
        made = _made(takeover.catalog, key)
        assert made is not None
        takeover.patiently(f'{alter} VALIDATE CONSTRAINT "{made.name}"')

    def run_swap(takeover: Takeover) -> None:
        made = _made(takeover.catalog, key)
        assert made is not None
        # The bot's key goes only now, in one transaction with the renaming: there is always one that holds.
        statements = [f'{alter} DROP CONSTRAINT "{old.name}"' for old in _others(takeover.catalog, key)]
        if made.name != key.name:
            statements.append(f'{alter} RENAME CONSTRAINT "{made.name}" TO "{key.name}"')
        takeover.briefly(swap, *statements)

    rows = f"{key.table}.{key.column} refers to {key.refers_to}, ON DELETE {key.on_delete}"
    yield Step(add, rows, "both tables locked for some milliseconds", lambda t: _made(t.catalog, key) is None, run_add)
    yield Step(
        check,
        "the old rows keep it too",
        NO_LOCK,
        lambda t: not _is_checked(t.catalog, key),
        run_check,
        table=key.table,
    )
    why = "the new one is checked; the old one deleted otherwise"
    yield Step(swap, why, BRIEF_LOCK, lambda t: not _is_in_place(t.catalog, key), run_swap)


def _is_in_place(catalog: Catalog, key: ForeignKey) -> bool:
    same = _same_column(catalog, key)
    return len(same) == 0 or (len(same) == 1 and (same[0].name, same[0].on_delete) == (key.name, key.on_delete))


def _same_column(catalog: Catalog, key: ForeignKey) -> list[LiveConstraint]:
    return [
        c
        for c in catalog.constraints
        if (c.table, c.kind, c.columns, c.refers_to) == (key.table, "f", (key.column,), key.refers_to)
    ]


def _made(catalog: Catalog, key: ForeignKey) -> LiveConstraint | None:
    """Find the key that deletes as wanted, under its own name or a temporary one."""
    return next((c for c in _same_column(catalog, key) if c.on_delete == key.on_delete), None)


def _others(catalog: Catalog, key: ForeignKey) -> list[LiveConstraint]:
    made = _made(catalog, key)
    return [c for c in _same_column(catalog, key) if c is not made]


def _is_checked(catalog: Catalog, key: ForeignKey) -> bool:
    made = _made(catalog, key)
    return made is not None and made.validated


def key_steps(table: Table) -> Iterator[Step]:
    """Everything that keeps rows of ``table`` together, but for triggers and indexes, which come first."""
    for unique in table.uniques:
        yield unique_step(unique)
    for key in table.foreign_keys:
        yield from foreign_key_steps(key)
