"""Addresses of the accounts of staff."""

from django.urls import path

from users.staff import views

app_name = "staff"

urlpatterns = [
    path("", views.staff_list, name="staff_list"),
    path("new/", views.staff_new, name="staff_new"),
    path("<int:pk>/", views.staff_detail, name="staff_detail"),
    path("<int:pk>/edit/", views.staff_edit, name="staff_edit"),
    path("<int:pk>/groups/", views.staff_groups, name="staff_groups"),
    path("<int:pk>/reset/", views.staff_reset, name="staff_reset"),
    path("<int:pk>/switch/", views.staff_switch, name="staff_switch"),
    path("<int:pk>/sign-out/", views.staff_sign_out, name="staff_sign_out"),
]
