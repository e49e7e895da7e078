"""Addresses of API tokens."""

from django.urls import path

from users.tokens import views

urlpatterns = [
    path("", views.token_list, name="token_list"),
    path("<int:pk>/rotate/", views.token_rotate, name="token_rotate"),
    path("<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
]
