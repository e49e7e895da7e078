"""Fields of forms as our own templates draw them, and the select of a list's filter, which draws its own options."""

import time

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.http import QueryDict
from pytest_django.asserts import assertHTMLEqual

from hsl_dashboard.web.filters import FilterForm, ListSelect

HOSTILE = [("", "Все"), ("8th", "8-й поток"), ('"><script>', "<b>x</b> & y"), (5, "число")]


class Narrow(FilterForm):
    stream = forms.ChoiceField(choices=HOSTILE, required=False, help_text="помощь")
    other = forms.MultipleChoiceField(choices=HOSTILE, widget=forms.CheckboxSelectMultiple, required=False)


class Plain(forms.Form):
    stream = forms.ChoiceField(choices=HOSTILE, required=False, help_text="помощь")


@pytest.mark.parametrize("query", ["", "stream=8th", "stream=%22%3E%3Cscript%3E", "stream=5", "stream=nothing"])
def test_it_is_the_select_of_django(query):
    ours, theirs = Narrow(QueryDict(query)), Plain(QueryDict(query))

    assert type(ours.fields["stream"].widget) is ListSelect
    assertHTMLEqual(str(ours["stream"]), str(theirs["stream"]))


def test_groups_of_options_are_drawn_as_django_does():
    ours, theirs = Narrow(QueryDict("stream=5")), Plain(QueryDict("stream=5"))
    groups = [("", "Все"), ('Действия "</optgroup>', [("5", "пять"), ("6", "<b>шесть</b>")]), ("Таблицы", [("a", "А")])]
    ours.fields["stream"].choices = theirs.fields["stream"].choices = groups

    assertHTMLEqual(str(ours["stream"]), str(theirs["stream"]))


class Everything(forms.Form):
    text = forms.CharField(initial='"><b>&', widget=forms.TextInput(attrs={"autofocus": True, "readonly": False}))
    number = forms.IntegerField(min_value=0, initial=0)
    day = forms.DateField(required=False)
    hidden = forms.CharField(widget=forms.HiddenInput, initial="1")
    grouped = forms.ChoiceField(choices=[("", "—"), ("Питон", HOSTILE[1:])], initial=5)
    several = forms.MultipleChoiceField(choices=HOSTILE, initial=["8th"])
    boxes = forms.MultipleChoiceField(choices=HOSTILE, widget=forms.CheckboxSelectMultiple, initial=["8th"])
    one = forms.ChoiceField(choices=HOSTILE, widget=forms.RadioSelect)


@pytest.mark.parametrize("name", Everything.base_fields)
def test_our_templates_of_widgets_say_what_those_of_django_say(name):
    ours, theirs = Everything(), Everything(renderer=DjangoTemplates())

    assertHTMLEqual(str(ours[name]), str(theirs[name]))


def test_choices_that_come_later_are_drawn():
    form = Narrow(QueryDict("stream=new"))
    form.fields["stream"].choices = [("new", "Новый")]

    assertHTMLEqual(str(form["stream"]), str(form["stream"]))
    assert '<option value="new" selected>Новый</option>' in str(form["stream"])


def test_fifty_options_cost_a_fraction_of_what_they_did():
    choices = [(str(number), f"Поток {number}") for number in range(50)]
    ours, theirs = Narrow(QueryDict("")), Plain(QueryDict(""), renderer=DjangoTemplates())
    ours.fields["stream"].choices = theirs.fields["stream"].choices = choices

    def cost(form: forms.Form) -> float:
        best = 9.0
        for _turn in range(5):
            begun = time.process_time()
            for _each in range(4):
                str(form["stream"])
            best = min(best, time.process_time() - begun)
        return best

    assert cost(ours) < cost(theirs) / 3
