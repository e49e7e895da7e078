"""The words of the Django admin: none of Python's, and none in English alone."""

import re

from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.urls import reverse


def test_a_new_row_shows_no_words_of_pythons_for_what_the_database_fills(staff_client):
    names = [f"admin:{model._meta.app_label}_{model._meta.model_name}_add" for model in admin.site._registry]
    pages = [staff_client.get(reverse(name)).content.decode() for name in names]

    assert any("<form" in page for page in pages)
    assert [page for page in pages if "object at 0x" in page] == []


def test_no_head_of_a_list_is_in_english_alone(staff_client):
    heads = {
        str(label_for_field(column, model, model_admin))
        for model, model_admin in admin.site._registry.items()
        if model._meta.app_label != "django_celery_beat"
        for column in model_admin.list_display
    }

    unnamed = {head.lower() for head in heads if not re.search("[а-яё]", head.lower())}

    assert unnamed == {"id", "№", "telegram", "telegram id"}
