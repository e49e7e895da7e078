"""Addresses of the page of today and of the numbers."""

from django.urls import path

from analytics.views import exports, overview, people, today

app_name = "analytics"

urlpatterns = [
    path("", today.today, name="today"),
    path("today/viewed/", today.today_viewed, name="today_viewed"),
    path("analytics/", overview.analytics_overview, name="analytics_overview"),
    path("analytics/charts/<slug:name>/", exports.chart_file, name="chart_file"),
    path("analytics/tables/<slug:name>/", exports.table_export, name="table_export"),
    path("analytics/people/", people.people_behind, name="people_behind"),
    path("analytics/definitions/", overview.definition_list, name="definition_list"),
]
