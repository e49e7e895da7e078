"""Every address of the dashboard, by app."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from hsl_dashboard import health, views

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="bookings:workshop_list"), name="home"),
    path("", include("bookings.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
    path("theme/", views.theme_set, name="theme_set"),
    path("health/live", health.health_live, name="health_live"),
    path("health/ready", health.health_ready, name="health_ready"),
]
