"""The repository about itself: rules of docs/architecture.md that no linter knows."""

import ast
import inspect
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import Migration, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.urls import URLPattern, URLResolver, get_resolver

from hsl_dashboard.celery import app as celery_app
from hsl_dashboard.environment.variables import Environment

ROOT = Path(__file__).resolve().parent.parent
OUR_PACKAGES = ("users", "bookings", "messaging", "analytics", "hsl_dashboard")
# Names that stand in two modules all the same, and why.
NAMED_TWICE = {
    "Command": "Django's name for the command of a module",
    "cool_leads": "the task of beat and what it calls",
    "end_blocks": "the task of beat and what it calls",
    "refresh_numbers": "the task of beat and what it calls",
    "stream_names": "people's pages ask whatever the app of the streams registered under this name",
}
# From the ground up; a template may include what lies on its own floor or below.
FLOORS = ("_shared", "users", "bookings", "messaging", "analytics")
LONGEST_MODULE, LONGEST_FUNCTION = 400, 40  # lines
MOST_MODULES = 12  # at the top level of an app; what belongs together has a folder
NOT_OURS = {".git", ".venv", ".local", "build", "staticfiles", "media", "node_modules"}


def is_ours(name: str) -> bool:
    return name not in NOT_OURS and not name.endswith(("_cache", ".egg-info"))


@cache
def every_file() -> list[str]:
    """Files of the repository; what tools leave beside them is not even looked into: .venv alone has ten thousand."""
    found = []
    for folder, inside, names in os.walk(ROOT):
        inside[:] = filter(is_ours, inside)
        place = Path(folder).relative_to(ROOT)
        found += [(place / name).as_posix() for name in filter(is_ours, names)]
    return sorted(found)


def files(*patterns: str) -> list[Path]:
    """Files of the repository by the ends of their paths; ``*`` is in one name, ``**/`` is any folders or none."""
    meant = {"*": "[^/]*", "**/": "(?:.*/)?"}
    expressions = (
        "".join(meant.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*)", f"**/{pattern}"))
        for pattern in patterns
    )
    wanted = re.compile("|".join(expressions))
    return [ROOT / name for name in every_file() if wanted.fullmatch(name)]


def modules() -> list[Path]:
    return [path for path in files("*.py") if "migrations" not in path.parts]


TEMPLATES = files("templates/**/*.html")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Settings -------------------------------------------------------------------------------------------------------------


def variables_explained() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_every_variable_of_the_table_is_explained_and_every_one_explained_is_in_it() -> None:
    assert set(Environment.model_fields) == variables_explained()


def test_every_variable_of_the_table_is_used() -> None:
    readers = (ROOT / "hsl_dashboard" / "settings.py", ROOT / "hsl_dashboard" / "environment" / "variables.py")
    used = set(re.findall(r"\b(?:env|self)\.([A-Z_]+)", "".join(path.read_text() for path in readers)))

    assert set(Environment.model_fields) == used


def test_defaults_explained_are_those_of_the_table() -> None:
    explained = re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)", (ROOT / ".env.example").read_text(), re.MULTILINE)
    rows = {name: field.json_schema_extra for name, field in Environment.model_fields.items()}
    defaults = {name: row["default"] for name, row in rows.items() if isinstance(row, dict) and row.get("default")}

    assert {name: value for name, value in explained if name in defaults} == defaults


def test_no_setting_is_set_twice() -> None:
    """The second of two would silently replace the first."""
    tree = ast.parse((ROOT / "hsl_dashboard" / "settings.py").read_text())
    assigned = [ast.unparse(node.targets[0]) for node in tree.body if isinstance(node, ast.Assign)]

    assert [name for name, times in Counter(assigned).items() if times > 1] == []


def test_beat_calls_tasks_that_exist_and_all_upkeep_is_called() -> None:
    celery_app.loader.import_default_modules()
    called = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert called <= celery_app.tasks.keys()
    assert called >= {"users.fold_person_totals", "users.cool_leads", "messaging.tick"}


# Addresses ------------------------------------------------------------------------------------------------------------


def our_addresses(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        place = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from our_addresses(entry, place)
        elif entry.callback.__module__.split(".")[0] in OUR_PACKAGES:
            yield place, entry


def test_every_address_is_named_after_its_view() -> None:
    names = {
        place: (entry.name, entry.callback.__name__)
        for place, entry in our_addresses(get_resolver())
        if not place.startswith("admin/")  # Django names those
    }

    assert names
    assert {place: pair for place, pair in names.items() if pair[0] != pair[1]} == {}


# Templates ------------------------------------------------------------------------------------------------------------


def without_comments(template: str) -> str:
    template = re.sub(r"{% comment %}.*?{% endcomment %}", "", template, flags=re.DOTALL)
    return re.sub(r"{#.*?#}", "", template)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_partial_wraps_the_element_that_htmx_swaps(path: Path) -> None:
    text = without_comments(path.read_text())
    for partial in re.finditer(r"{%\s*partialdef\s+([\w-]+)[^%]*%}(.*?){%\s*endpartialdef", text, re.DOTALL):
        name, inside = partial.groups()
        first_tag = re.search(r"<[a-z][^>]*>", re.sub(r"{%.*?%}", "", inside))

        assert first_tag and f'id="{name}"' in first_tag[0], f"partial {name} wraps no element with its own id"


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_include_only_downwards(path: Path) -> None:
    floor = path.relative_to(ROOT).parts[1] if path.is_relative_to(ROOT / "templates") else "_shared"
    for tag, target in re.findall(r'{%\s*(include|extends)\s+"([^"#]+)', without_comments(path.read_text())):
        place, file = target.split("/")[0], target.split("/")[-1]
        if tag == "include" and place in FLOORS:
            assert floor not in FLOORS or FLOORS.index(place) <= FLOORS.index(floor), f"{target} lies above"
            assert file.startswith("_"), f"{target} is a page; include a piece (_name.html)"


INLINE = {
    "inline script": r"<script(?![^>]*\bsrc=)",
    "inline style": r"<style\b|<[^>]*\sstyle\s*=",
    "inline handler": r"<[^>]*\s(?:on[a-z]+|hx-on[\w:-]*)\s*=",
    "javascript: address": r"javascript:",
}


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_templates_hold_nothing_that_the_content_security_policy_refuses(path: Path) -> None:
    text = without_comments(path.read_text())

    assert [what for what, pattern in INLINE.items() if re.search(pattern, text)] == []


# Migrations -----------------------------------------------------------------------------------------------------------


MIGRATIONS = files("*/migrations/0*.py")
# All that a migration may see of the project: it has to run when the rest has long moved on.
SEEN_BY_MIGRATIONS = {"hsl_dashboard.db", "users.models.fields"}


def our_migrations() -> dict[tuple[str, str], Migration]:
    return {key: m for key, m in MigrationLoader(None).disk_migrations.items() if key[0] in OUR_PACKAGES}


def operations_of(migration: Migration) -> list[Operation]:
    """What runs in the database, wherever it stands."""
    found: list[Operation] = []
    for operation in migration.operations:
        inner = isinstance(operation, SeparateDatabaseAndState)
        found += operation.database_operations if inner else [operation]
    return found


def statements_of(operation: Operation) -> list[str]:
    if not isinstance(operation, RunSQL):
        return []
    return [str(one) for one in (operation.sql if isinstance(operation.sql, list | tuple) else [operation.sql])]


def may_stand_in(migration: Migration, operation: Operation) -> bool:
    """Outside a transaction: concurrent indexes, batches, statistics; all else, and no such index, inside one."""
    if isinstance(operation, RunPython):
        return True
    if statements := statements_of(operation):
        beside_writers = all("CONCURRENTLY" in text or text.startswith("ANALYZE") for text in statements)
    else:
        beside_writers = isinstance(operation, AddIndexConcurrently | RemoveIndexConcurrently)
    return beside_writers is not migration.atomic


@pytest.mark.parametrize("path", MIGRATIONS, ids=name_of)
def test_a_migration_imports_no_other_and_little_else_of_the_project(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    packages = (*OUR_PACKAGES, "importlib", ".")
    assert {name for name in imported if name.split(".")[0] in packages} <= SEEN_BY_MIGRATIONS


def test_a_migration_is_one_transaction_or_runs_beside_writers_throughout() -> None:
    mixed = {
        key
        for key, migration in our_migrations().items()
        if not all(may_stand_in(migration, operation) for operation in operations_of(migration))
    }

    assert mixed == set()


def test_a_migration_that_may_stop_in_its_middle_can_be_run_again() -> None:
    """One without a transaction leaves what it has made; adopt_database is killed, or gets no lock, and goes on."""
    broken = {}
    for key, migration in our_migrations().items():
        written = [text for operation in operations_of(migration) for text in statements_of(operation)]
        statements = [] if migration.atomic else written
        for statement, before in zip(statements, ["", *statements], strict=False):
            made = re.match(
                r"\s*CREATE (?!OR REPLACE)(?:UNIQUE )?(\w+) (?:CONCURRENTLY )?(?!IF NOT EXISTS)(\w+)", statement
            )
            if made and not re.match(rf"\s*DROP {made[1]} .*\b{made[2]}\b", before):
                broken[key] = made[0].strip()

    assert broken == {}


# Code -----------------------------------------------------------------------------------------------------------------


def test_modules_are_short() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in modules()}

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def lines_of_text(function: ast.AST) -> int:
    """Lines that SQL and docstrings take: they are read as text, not as steps."""
    texts = (n for n in ast.walk(function) if isinstance(n, ast.Constant | ast.JoinedStr) and hasattr(n, "lineno"))
    return sum(length for _, length in {(text.lineno, (text.end_lineno or 0) - text.lineno) for text in texts})


def test_functions_are_short() -> None:
    long = {}
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1 - lines_of_text(node)
                if lines > LONGEST_FUNCTION:
                    long[f"{name_of(path)}:{node.name}"] = lines

    assert long == {}


def names_of(path: Path) -> Iterator[str]:
    """Classes and public functions at the top level of a module."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node.name


def test_one_name_means_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for path in modules():
        if path.relative_to(ROOT).parts[0] in OUR_PACKAGES:
            for name in names_of(path):
                homes.setdefault(name, []).append(name_of(path))
    shared = {name: places for name, places in homes.items() if len(places) > 1}

    assert {name: places for name, places in shared.items() if name not in NAMED_TWICE} == {}
    assert NAMED_TWICE.keys() - shared.keys() == set(), "these exceptions are needed no longer"


def test_every_module_says_in_one_line_what_lives_in_it() -> None:
    """``head -1 */*.py`` is a table of contents: the first line is a whole sentence."""
    silent = [
        name_of(path)
        for path in modules()
        if not re.search(r"[.?]$", (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0])
    ]

    assert silent == []


def test_the_top_level_of_an_app_holds_few_modules() -> None:
    counts = {
        package: len([path for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"])
        for package in OUR_PACKAGES
    }

    assert {package: count for package, count in counts.items() if count > MOST_MODULES} == {}


def test_every_model_says_what_it_is_in_the_world() -> None:
    silent = []
    for label in OUR_PACKAGES:
        for model in apps.get_app_config(label).get_models():
            made_by_a_library = any(field.name == "pgh_id" for field in model._meta.fields)
            if not made_by_a_library and (inspect.getdoc(model) or "").startswith(f"{model.__name__}("):
                silent.append(model._meta.label)

    assert silent == []


def test_nothing_knows_the_machine_it_was_written_on() -> None:
    # Put together here, so that this file is not found itself.
    places = [f"/{folder}/" for folder in ("work", "home", "root")]
    hosts = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    text_files = files(
        "*.py", "*.md", "*.toml", "*.yml", "*.html", "*.css", "*.js", "Makefile", "Dockerfile", "*.po", "run"
    )
    found = [
        f"{name_of(path)}: {word}" for path in text_files for word in (*places, *hosts) if word in path.read_text()
    ]

    assert found == []
