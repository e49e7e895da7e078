"""Addresses of people."""

from django.urls import path

import users.converters  # noqa: F401  registers <telegram_id:…>
from users.audit import views as audit
from users.people import leads
from users.people import views as people
from users.person import views as person
from users.undo import views as undo

app_name = "users"

urlpatterns = [
    path("audit/", audit.audit_list, name="audit_list"),
    path("audit/export/", audit.audit_export, name="audit_export"),
    path("undo/<telegram_id:pk>/", undo.act_undo, name="act_undo"),
    path("users/", people.person_list, name="person_list"),
    path("users/export/", people.person_export, name="person_export"),
    path("users/leads/", leads.lead_rules, name="lead_rules"),
    path("users/<telegram_id:user_id>/", person.person_detail, name="person_detail"),
    path("users/<telegram_id:user_id>/notes/", person.note_add, name="note_add"),
    path("users/<telegram_id:user_id>/notes/<telegram_id:pk>/delete/", person.note_delete, name="note_delete"),
    path("users/<telegram_id:user_id>/tags/", person.tag_add, name="tag_add"),
    path("users/<telegram_id:user_id>/tags/<telegram_id:pk>/remove/", person.tag_remove, name="tag_remove"),
    path("users/<telegram_id:user_id>/block/", person.person_block, name="person_block"),
]
