"""What PostgreSQL deletes along with a row: the keys that cascade in the database, which Django does not follow."""

from django.db import models
from django.db.models import Q, QuerySet

from hsl_dashboard.db import DatabaseForeignKey

Model = type[models.Model]


def count_deleted_along(rows: "QuerySet[models.Model]") -> dict[Model, int]:
    """Count what the database deletes with ``rows`` in other tables, by model; tables without any are left out."""
    conditions: dict[Model, Q] = {}
    _collect(rows, conditions)
    counted = {model: model._default_manager.filter(condition).count() for model, condition in conditions.items()}
    return {model: number for model, number in counted.items() if number}


def _collect(rows: "QuerySet[models.Model]", conditions: dict[Model, Q]) -> None:
    """Add the condition of every row below ``rows``; one row may hang on several of them and counts once."""
    for relation in rows.model._meta.related_objects:
        child = relation.related_model
        assert isinstance(child, type)
        if not _cascades(child, relation.field.name):
            continue
        below = Q(**{f"{relation.field.name}__in": rows.values("pk")})
        conditions[child] = conditions.get(child, Q()) | below
        _collect(child._default_manager.filter(below), conditions)


def _cascades(model: Model, field: str) -> bool:
    return any(
        isinstance(constraint, DatabaseForeignKey) and constraint.field == field and constraint.on_delete == "CASCADE"
        for constraint in model._meta.constraints
    )
