"""Addresses of saved views."""

from django.urls import path

from users.saved import views

urlpatterns = [
    path("", views.saved_view_list, name="saved_view_list"),
    path("new/", views.saved_view_new, name="saved_view_new"),
    path("counts/", views.saved_view_counts, name="saved_view_counts"),
    path("<int:pk>/", views.saved_view_edit, name="saved_view_edit"),
    path("<int:pk>/remove/", views.saved_view_remove, name="saved_view_remove"),
    path("<int:pk>/feed/", views.feed_rotate, name="feed_rotate"),
    path("<int:pk>/feed/stop/", views.feed_stop, name="feed_stop"),
]
