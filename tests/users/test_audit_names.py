"""What staff read for tables and columns, in the audit and where a person is erased, exists in both languages."""

import re
from collections.abc import Iterator

import pytest
from django.db.models import Model
from django.utils import translation

from users.audit.words import models_by_table, name_of_column, name_of_rows, name_of_table
from users.models.audit import NOT_AUDITED
from users.personal_data.contents import is_history, owned_tables


def is_russian(text: str) -> bool:
    return bool(re.search("[а-яё]", text.lower()))


def names(model: type[Model]) -> Iterator[str]:
    yield name_of_table(model)
    for field in model._meta.concrete_fields:
        if not field.primary_key:  # its number stands beside what was done
            yield name_of_column(field)


AUDITED = [
    model
    for model in models_by_table().values()
    if model._meta.managed and model._meta.label not in NOT_AUDITED and not is_history(model)  # type: ignore[arg-type]
]


@pytest.mark.parametrize("model", AUDITED, ids=lambda model: model._meta.label)
def test_an_audited_table_and_its_columns_have_a_name_in_each_language(model: type[Model]) -> None:
    with translation.override("ru"):
        assert [name for name in names(model) if not is_russian(name)] == []
    with translation.override("en"):
        assert [name for name in names(model) if is_russian(name)] == []


def test_the_rows_of_a_person_have_a_name_in_each_language() -> None:
    models = [table.model for table in owned_tables() if not is_history(table.model)]  # type: ignore[arg-type]
    with translation.override("ru"):
        assert [name for name in map(name_of_rows, models) if not is_russian(name)] == []
    with translation.override("en"):
        assert [name for name in map(name_of_rows, models) if is_russian(name)] == []
