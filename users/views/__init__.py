"""Pages of people, a module a noun."""

from users.views.people import person_export, person_list
from users.views.person import note_add, note_delete, person_block, person_detail, tag_add, tag_remove

__all__ = [
    "note_add",
    "note_delete",
    "person_block",
    "person_detail",
    "person_export",
    "person_list",
    "tag_add",
    "tag_remove",
]
