"""Addresses of the messages' pages."""

from django.urls import path

from messaging import views

app_name = "messaging"
urlpatterns = [
    path("messages/new/", views.compose_message, name="compose_message"),
    path("messages/new/<int:pk>/", views.compose_message, name="compose_message"),
    path("messages/new/<int:pk>/confirm/", views.compose_confirm, name="compose_confirm"),
]
