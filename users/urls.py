"""Addresses of people."""

from django.urls import path

import users.converters  # noqa: F401  registers <telegram_id:…>
from users import views

app_name = "users"

urlpatterns = [
    path("users/", views.person_list, name="person_list"),
    path("users/export/", views.person_export, name="person_export"),
    path("users/<telegram_id:user_id>/", views.person_detail, name="person_detail"),
    path("users/<telegram_id:user_id>/notes/", views.note_add, name="note_add"),
    path("users/<telegram_id:user_id>/notes/<telegram_id:pk>/delete/", views.note_delete, name="note_delete"),
    path("users/<telegram_id:user_id>/tags/", views.tag_add, name="tag_add"),
    path("users/<telegram_id:user_id>/tags/<telegram_id:pk>/remove/", views.tag_remove, name="tag_remove"),
    path("users/<telegram_id:user_id>/block/", views.person_block, name="person_block"),
]
