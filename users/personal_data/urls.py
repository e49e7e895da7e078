"""Addresses of everything held about a person."""

from django.urls import path

from users.personal_data import views

app_name = "personal_data"

urlpatterns = [
    path("users/<telegram_id:user_id>/erase/", views.personal_data_erase, name="personal_data_erase"),
    path("users/<telegram_id:user_id>/export/", views.personal_data_export, name="personal_data_export"),
]
