"""Fields are drawn by the quick renderer, as Django's usual one draws them."""

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget, FilteredSelectMultiple
from django.forms.renderers import DjangoTemplates, get_default_renderer

HOSTILE = "<b>\"'&"


class Everything(forms.Form):
    text = forms.CharField(label=HOSTILE, help_text="help", initial=HOSTILE)
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date", "data-hostile": HOSTILE}))
    one = forms.ChoiceField(choices=[("", HOSTILE), ("a", "A"), ("Group", [("b", "B"), (HOSTILE, "C")])], initial="b")
    some = forms.MultipleChoiceField(choices=[("a", "A"), ("b", HOSTILE)], widget=forms.CheckboxSelectMultiple)
    radio = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    yes = forms.BooleanField(required=False, disabled=True)
    file = forms.FileField(widget=forms.ClearableFileInput)
    long = forms.CharField(widget=forms.Textarea)
    secret = forms.CharField(widget=forms.PasswordInput)
    hidden = forms.CharField(widget=forms.HiddenInput)


def words(html: str) -> list[str]:
    return html.replace("&#x27;", "&#39;").replace("&quot;", "&#34;").replace(">", " > ").split()


def test_fields_and_errors_are_drawn_as_by_django_templates():
    given = {"text": "", "one": HOSTILE, "some": ["b", HOSTILE]}
    quick, usual = Everything(given), Everything(given, renderer=DjangoTemplates())

    assert type(quick.renderer).__name__ == "QuickRenderer"
    assert words(str(quick)) == words(str(usual))
    assert [words(str(field)) for field in quick] == [words(str(field)) for field in usual]


def test_a_widget_without_a_quick_template_is_drawn_by_the_usual_one():
    renderer = get_default_renderer()
    admin = FilteredSelectMultiple("people", is_stacked=False, choices=[("a", "A")])

    assert "selectfilter" in admin.render("people", ["a"], renderer=renderer)
    assert "vTextField" in AdminTextInputWidget().render("name", "x", renderer=renderer)
