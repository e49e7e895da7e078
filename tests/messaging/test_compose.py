"""Writing a message: the page, what it keeps, what it refuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from bookings.models import Booking
from messaging.audiences.criteria import Received
from messaging.content.content import Content
from messaging.models import Broadcast, Draft
from tests.factories import BroadcastFactory, TelegramUserFactory, UserFactory
from tests.messaging.composing import NEW, address, confirm, form, write

pytestmark = pytest.mark.usefixtures("woken")


# Drafts ---------------------------------------------------------------------------------------------------------------


def htmx(client: Client, address: str, data: dict[str, Any]) -> Any:
    return client.post(address, data, headers={"HX-Request": "true"})


def test_every_change_is_kept_and_the_address_leads_to_it(staff_client: Client, stream: str) -> None:
    response = htmx(staff_client, NEW, form(stream))

    draft = Draft.objects.get()
    assert response["HX-Replace-Url"] == f"/messages/new/{draft.pk}/"
    assertContains(response, 'id="draft-state" hx-swap-oob="true"')
    assertContains(staff_client.get(f"{NEW}{draft.pk}/"), "Привет, {first_name|друг}!")


def test_the_same_page_saves_again_and_another_is_told(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")
    own = f"{NEW}{draft.pk}/"
    htmx(staff_client, own, form(stream, version=1, text="Раз"))
    late = htmx(staff_client, own, form(stream, version=1, text="Два"))
    assert late.status_code == 200

    other = Client()
    other.force_login(UserFactory.create(is_superuser=True))
    refused = htmx(other, own, form(stream, version=1, text="Чужое", saved_from="page-2"))

    assert refused.status_code == 409
    assertContains(refused, "Ваши правки не сохранены", status_code=409)
    assertContains(refused, ">Два</pre>", status_code=409)
    mine_elsewhere = htmx(staff_client, own, form(stream, version=1, text="Три", saved_from="page-3"))
    assertContains(mine_elsewhere, "Вы изменили этот черновик в другом окне", status_code=409)
    draft.refresh_from_db()
    assert draft.content["text"] == "Два"
    insisted = form(stream, theirs=draft.version, version=1, text="Чужое", saved_from="page-2")
    other.post(address("draft_overwrite", draft), insisted)
    draft.refresh_from_db()
    assert draft.content["text"] == "Чужое"


def test_whoever_opens_a_draft_is_told_who_writes_in_it(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream, "")
    colleague = UserFactory.create(username="oleg")
    words = "oleg сейчас меняет этот черновик"
    assertNotContains(staff_client.get(f"{NEW}{draft.pk}/"), words)

    Draft.objects.update(updated_by=colleague, updated_at=timezone.now())
    assertContains(staff_client.get(f"{NEW}{draft.pk}/"), words)

    Draft.objects.update(updated_at=timezone.now() - timedelta(minutes=4))
    assertNotContains(staff_client.get(f"{NEW}{draft.pk}/"), words)


def test_a_change_that_arrives_after_its_page_went_on_is_not_kept(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)

    late = htmx(staff_client, f"{NEW}{draft.pk}/", form(stream, text="Ранние слова", version=0))

    assert late.status_code == 409
    assert Draft.objects.get().content["text"] == "Привет, {first_name|друг}!"


def test_the_same_change_that_arrives_after_its_page_went_on_is_no_change(staff_client: Client, stream: str) -> None:
    draft = write(staff_client, stream)

    late = htmx(staff_client, f"{NEW}{draft.pk}/", form(stream, version=0))

    assert late.status_code == 200
    assert Draft.objects.get().version == draft.version


def test_the_preview_is_the_chosen_students(staff_client: Client, stream: str) -> None:
    boris = Booking.objects.get(telegram_user__first_name="Борис").telegram_user_id
    response = htmx(staff_client, NEW, form(stream, text="<b>Привет, {first_name|друг}</b> & <", preview_for=boris))

    assertContains(response, "<strong>Привет, Борис</strong> &amp; &lt;")


def test_nothing_of_the_author_passes_the_preview_unescaped(staff_client: Client, stream: str) -> None:
    text = '<script>alert(1)</script><a href="javascript:alert(1)">x</a><b onclick="x">y</b>'
    response = htmx(staff_client, NEW, form(stream, text=text))

    bubble = response.content.decode().split('id="bubble"')[1]
    assert "<script" not in bubble and "javascript:" not in bubble and "onclick" not in bubble


def test_each_problem_stands_with_its_place(staff_client: Client, stream: str) -> None:
    changes = form(stream, text="Привет\n<b>жирный", buttons=[("Да", "", "1")])
    response = staff_client.post(address("draft_check"), changes)

    assertContains(response, "Строка 2, символ 1", status_code=422)
    assertContains(response, '<a href="#text">Текст</a>: Строка 2, символ 1', status_code=422)
    assertContains(response, '<a href="#buttons">', status_code=422)
    assert response.context["faults"].buttons


def test_an_empty_form_is_told_what_is_missing_only_when_it_goes_on(staff_client: Client) -> None:
    assert not staff_client.get(NEW).context["faults"].any

    faults = staff_client.post(address("draft_check"), form(text="")).context["faults"]

    assert faults.text and faults.audience


# Whom -----------------------------------------------------------------------------------------------------------------


def test_people_are_found_added_and_left_out_without_javascript(staff_client: Client, stream: str) -> None:
    zoya = TelegramUserFactory.create(first_name="Зоя", username="zoya")
    draft = write(staff_client, stream, "", q="@zoy")
    assertContains(staff_client.get(f"{address('', draft)}?q=zoy"), f'id="add-{zoya.pk}"')

    staff_client.post(address("draft_person_add", draft), form(stream, chosen=zoya.pk, version=draft.version))
    draft.refresh_from_db()
    assert Content.from_json(draft.content).question.include[-1].ids == (zoya.pk,)

    changes = form(stream, chosen=zoya.pk, person=[zoya.pk], version=draft.version)
    staff_client.post(address("draft_person_leave", draft), changes)
    draft.refresh_from_db()
    audience = Content.from_json(draft.content).question
    assert len(audience.include) == 1 and audience.exclude[0].ids == (zoya.pk,)


def test_what_has_no_box_of_its_own_is_kept_and_can_be_taken_off(staff_client: Client, db: None) -> None:
    missed = {"kind": "received", "broadcast_id": 7, "states": ["failed"]}
    other = BroadcastFactory.create(audience={"include": [missed], "narrow": [], "exclude": [], "quiet_hours": None})

    page = staff_client.post(f"/messages/{other.pk}/clone/", follow=True)

    assertContains(page, "Получатели сообщения №\u00a07")
    [kept] = page.context["kept"]
    draft = write(staff_client, "", kept_include=[kept.value])
    [criterion] = Content.from_json(draft.content).question.include
    assert criterion == Received(broadcast_id=7, states=("failed",))


NUL = "\x00"


@pytest.mark.parametrize(
    "changes",
    [
        {"text": f"При{NUL}вет"},
        {"when": "at", "at": NUL},
        {"q": NUL},
        {"buttons": [(NUL, f"https://{NUL}", "1")]},
        {"group": [f"hack{NUL}athon"], "saved_from": NUL},
        {"kept_include": '{"kind": "stream", "code": "\\u0000", "statuses": [1]}'},
    ],
    ids=str,
)
def test_a_nul_in_any_field_is_as_if_it_was_not_there(
    staff_client: Client, stream: str, changes: dict[str, Any]
) -> None:
    for verb in ("", "draft_check", "draft_test"):
        response = staff_client.post(address(verb), form(stream, **changes), follow=True)
        assert response.status_code in {200, 422}
    assert all(NUL not in str(draft.content) for draft in Draft.objects.all())


def test_a_nul_in_an_address_breaks_no_page(staff_client: Client, db: None) -> None:
    for page in (f"{NEW}?q=%00", f"{NEW}?to=%00", f"{NEW}link/?q=%00"):
        assert staff_client.get(page).status_code == 200


# Files ----------------------------------------------------------------------------------------------------------------


def test_an_uploaded_file_goes_with_the_message(
    staff_client: Client, stream: str, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    plan = SimpleUploadedFile("plan.pdf", b"plan")

    draft = write(staff_client, stream, kind="document", media_upload=plan)
    confirm(staff_client, draft, recipients=3)

    broadcast = Broadcast.objects.get()
    assert (broadcast.kind, broadcast.media_name) == (Broadcast.Kind.DOCUMENT, "plan.pdf")
    assert broadcast.media_upload.read() == b"plan"
    broadcast.media_upload.close()


def test_a_photo_without_its_file_is_refused(staff_client: Client, stream: str) -> None:
    assert staff_client.post(address("draft_check"), form(stream, kind="photo")).context["faults"].media


def test_an_earlier_file_is_chosen_from_the_list(staff_client: Client, stream: str) -> None:
    made_at = datetime(2026, 11, 1, tzinfo=UTC)
    BroadcastFactory.create(kind="video", media_file_id="BAAC1", media_name="lesson.mp4", created_at=made_at)
    page = staff_client.get(NEW)
    assertContains(page, "video|BAAC1")
    assertContains(page, "<bdi>lesson.mp4</bdi>")
    assertContains(page, "01.11.2026")

    draft = write(staff_client, stream, media_earlier="video|BAAC1")

    assert (draft.content["kind"], draft.content["media_file_id"]) == ("video", "BAAC1")


def test_the_page_asks_a_bounded_number_of_questions(
    staff_client: Client, stream: str, django_assert_max_num_queries: Any
) -> None:
    draft = write(staff_client, stream)

    staff_client.get(NEW)  # notes that the session was seen, once a minute

    with django_assert_max_num_queries(12):
        staff_client.get(f"{NEW}{draft.pk}/")
