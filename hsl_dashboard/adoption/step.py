"""A step of the takeover, and what every step works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from hsl_dashboard.adoption.catalog import Catalog, read_catalog
from hsl_dashboard.adoption.locks import Patience, briefly, patiently
from hsl_dashboard.adoption.target import Table


@dataclass
class Takeover:
    """One run: what is wanted, what was asked for, and the database as it is now."""

    tables: Sequence[Table]
    naive_timezone: str
    limits: Patience
    _catalog: Catalog | None = field(default=None, init=False)

    @property
    def catalog(self) -> Catalog:
        """The catalogs, read again after each change of ours."""
        if self._catalog is None:
            self._catalog = read_catalog([table.name for table in self.tables])
        return self._catalog

    def forget_catalog(self) -> None:
        self._catalog = None

    def briefly(self, what: str, *statements: str) -> None:
        """Run the statements in one short transaction; see ``locks.briefly``."""

        def change(cursor: CursorWrapper) -> None:
            for statement in statements:
                cursor.execute(statement)

        briefly(change, what=what, limits=self.limits)

    def patiently(self, statement: str) -> None:
        """Run one long statement that blocks no writer; see ``locks.patiently``."""
        patiently(statement, limits=self.limits)


@dataclass(frozen=True)
class Step:
    """One change. ``needed`` looks at the database, so a step that was done, or half done, knows it."""

    name: str
    why: str
    lock: str
    needed: Callable[[Takeover], bool]
    run: Callable[[Takeover], None]
    table: str = ""  # whose rows it reads or writes, if it does

    def rows(self, takeover: Takeover) -> int:
        """About how many rows it goes through."""
        live = takeover.catalog.tables.get(self.table)
        return live.rows if live else 0

    def __str__(self) -> str:
        return f"{self.name}: {self.why} [{self.lock}]"


NO_LOCK = "blocks nobody"
BRIEF_LOCK = "table locked for some milliseconds"
