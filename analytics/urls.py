"""Addresses of the page of today and of the numbers."""

from django.urls import path

from analytics.views import overview, people, today

app_name = "analytics"

urlpatterns = [
    path("", today.today, name="today"),
    path("today/viewed/", today.today_viewed, name="today_viewed"),
    path("analytics/", overview.analytics_overview, name="analytics_overview"),
    path("analytics/charts/<slug:name>/", overview.chart_file, name="chart_file"),
    path("analytics/days/", overview.daily_export, name="daily_export"),
    path("analytics/people/", people.people_behind, name="people_behind"),
    path("analytics/definitions/", overview.definition_list, name="definition_list"),
]
