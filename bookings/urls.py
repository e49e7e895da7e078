"""Addresses of courses, streams and bookings."""

from django.urls import path

from bookings import views

app_name = "bookings"

urlpatterns = [
    path("workshops/", views.workshop_list, name="workshop_list"),
]
