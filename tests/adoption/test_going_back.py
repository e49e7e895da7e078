"""Going back: what docs/adopting.md gives a school to run drops all that is ours, and the bot works on."""

import re
from pathlib import Path

import pytest

from tests import bot
from tests.adoption.databases import Database

ROOT = Path(__file__).resolve().parents[2]
PERSON = 9_200_000_000

# A whole takeover, on a machine that may have other things to do.
pytestmark = pytest.mark.timeout(240)


def statements() -> list[str]:
    """The SQL under "Going back", as a reader would copy it."""
    _, going_back = (ROOT / "docs" / "adopting.md").read_text().split("## Going back")
    return re.findall(r"```sql\n(.*?)```", going_back, re.DOTALL)


def triggers(database: Database) -> set[str]:
    return {name for (name,) in database.rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")}


def functions(database: Database) -> set[str]:
    rows = database.rows(
        "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')"
    )
    return {name for (name,) in rows}


def views(database: Database) -> list[tuple[str]]:
    return database.rows("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v'")


def let_the_bot_do_everything(database: Database, person: int) -> None:
    with database.connected() as connection:
        for act in (
            *bot.everything(connection, person),
            *bot.corrections(connection, person),
            *bot.deletions(connection, person),
        ):
            act()


def test_the_first_statement_leaves_only_what_the_keys_to_people_need(adopted: Database, live: Database) -> None:
    of_the_bot = functions(live)
    assert len(triggers(adopted)) > 60

    adopted.run(statements()[0])

    assert views(adopted) == []
    assert {re.sub(r"_[0-9a-f]{5}$", "", name) for name in triggers(adopted)} == {"pgtrigger_create_missing_person"}
    assert functions(adopted) - of_the_bot == triggers(adopted)
    let_the_bot_do_everything(adopted, PERSON)


def test_the_second_statement_leaves_nothing_of_ours(adopted: Database, live: Database) -> None:
    for statement in statements():
        adopted.run(statement)

    assert triggers(adopted) == triggers(live)
    assert functions(adopted) == functions(live)
    let_the_bot_do_everything(adopted, PERSON)


def test_a_function_of_the_school_is_left_alone(adopted: Database) -> None:
    adopted.run("CREATE FUNCTION person_of_the_school() RETURNS integer LANGUAGE sql AS 'SELECT 7'")

    for statement in statements():
        adopted.run(statement)

    assert adopted.value("SELECT person_of_the_school()") == 7


def test_the_statements_can_be_run_again(adopted: Database) -> None:
    for statement in (*statements(), *statements()):
        adopted.run(statement)

    assert triggers(adopted) == set()
