"""Addresses of payments that match no booking."""

from django.urls import path

from bookings.incoming import views

urlpatterns = [
    path("payments/unmatched/", views.incoming_list, name="incoming_list"),
    path("payments/unmatched/<int:pk>/", views.incoming_match, name="incoming_match"),
    path("payments/unmatched/<int:pk>/dismiss/", views.incoming_dismiss, name="incoming_dismiss"),
]
