"""The people who talk to the bot."""

from datetime import datetime

from demo.school import names
from demo.school.school import School
from users.models import TelegramUser

# Telegram gave out ids over 2^31 from 2021 on; most of today's students have one.
NEW_IDS = (5_000_000_000, 8_400_000_000)
OLD_IDS = (40_000_000, 2_147_483_000)


def new_person(school: School, *, seen_at: datetime) -> TelegramUser:
    """Invent a person who came to the bot at ``seen_at``, and add them to the school."""
    woman = school.chance(0.54)
    first_name = school.pick(names.WOMEN if woman else names.MEN)
    surname = school.dice.choice(names.SURNAMES) + ("а" if woman else "")
    person = TelegramUser(
        user_id=_new_id(school),
        username=_username(school, first_name, surname),
        first_name=first_name,
        last_name=surname if school.chance(0.48) else None,
        language_code=school.pick(names.LANGUAGES),
        first_seen_at=seen_at,
        updated_at=seen_at,
    )
    school.people.append(person)
    return person


def _new_id(school: School) -> int:
    while True:
        number = school.dice.randrange(*(OLD_IDS if school.chance(0.35) else NEW_IDS))
        if number not in school.taken_ids:
            school.taken_ids.add(number)
            return number


def _username(school: School, first_name: str, surname: str) -> str | None:
    """Make a @username: a fifth of people have none, which the bot keeps as NULL or as an empty text."""
    kind = school.dice.random()
    if kind < 0.17:
        return None
    if kind < 0.20:
        return ""
    name, family = names.in_latin(first_name), names.in_latin(surname)
    ending = school.dice.choice(names.USERNAME_ENDINGS)
    number = school.dice.choice(("", "", str(school.dice.randrange(1, 99)), str(school.dice.randrange(1985, 2008))))
    pattern = school.dice.choice(
        ("{n}_{f}", "{n}{f}", "{f}_{n}", "{f}{num}", "{n}_{e}{num}", "{n}{num}_{e}", "{f}_{e}")
    )
    username = pattern.format(n=name, f=family, e=ending or "me", num=number).strip("_")
    return f"{username}{len(school.people)}"[:32] if len(username) < 8 else username[:32]
