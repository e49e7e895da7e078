"""Addresses of people."""

from django.urls import path, register_converter

from users import views
from users.converters import TelegramIdConverter

register_converter(TelegramIdConverter, "telegram_id")

app_name = "users"

urlpatterns = [
    path("users/", views.person_list, name="person_list"),
    path("users/export/", views.person_export, name="person_export"),
    path("users/<telegram_id:user_id>/", views.person_detail, name="person_detail"),
]
