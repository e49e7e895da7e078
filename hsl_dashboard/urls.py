"""Every address of the dashboard, by app."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from hsl_dashboard.availability import health
from hsl_dashboard.watching.scrape import system_metrics
from hsl_dashboard.web import views
from hsl_dashboard.web.jump import jump
from hsl_dashboard.web.system import system_detail
from hsl_dashboard.web.violations import browser_report
from users.staff.accounts import account_email, account_reset_password
from users.staff.views import staff_link

handler500 = "hsl_dashboard.availability.outages.server_error"

urlpatterns = [
    path("", include("users.urls")),
    path("", include("bookings.urls")),
    path("", include("messaging.urls")),
    path("", include("analytics.urls")),
    path("", include("users.personal_data.urls")),
    path("accounts/tokens/", include("users.tokens.urls")),
    path("views/", include("users.saved.urls")),
    path("accounts/email/", account_email, name="account_email"),
    path("accounts/link/", staff_link, name="staff_link"),
    path("accounts/password/reset/", account_reset_password, name="account_reset_password"),
    path("accounts/", include("allauth.urls")),
    path("staff/", include("users.staff.urls")),
    path("api/", include("hsl_dashboard.api.routes")),
    path("admin/", admin.site.urls),
    # On the sign-in page one chooses a language too.
    path("language/", login_not_required(set_language), name="set_language"),
    path("jump/", jump, name="jump"),
    path("shortcuts/", views.shortcuts_set, name="shortcuts_set"),
    path("system/", system_detail, name="system_detail"),
    path("theme/", views.theme_set, name="theme_set"),
    path("icons/<slug:version>.svg", views.icon_sprite, name="icon_sprite"),
    path("browser-reports/", browser_report, name="browser_report"),
    path("metrics", system_metrics, name="system_metrics"),
    path("health/live", health.health_live, name="health_live"),
    path("health/ready", health.health_ready, name="health_ready"),
]
