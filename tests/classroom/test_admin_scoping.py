"""A school's administrators see and touch their own school's rows alone: for every model in the admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import School, User
from accounts.scoping import SchoolScoped
from classroom.models import AuditEntry, Course, DeviceCheck, Enrolment, Lesson, Relay, Report, StreamKey
from classroom.services import audit, reports, stream_keys
from tests.support.cast import Cast

REGISTERED = sorted(admin.site._registry.items(), key=lambda pair: pair[0].__name__)
OF_SCHOOLS = [(model, site) for model, site in REGISTERED if getattr(site, "school_path", None) is not None]
OF_THE_PLATFORM = [pair for pair in REGISTERED if pair not in OF_SCHOOLS]
MODELS = pytest.mark.parametrize(
    ("model", "model_admin"), OF_SCHOOLS, ids=lambda value: getattr(value, "__name__", "")
)
Admin = SchoolScoped


@pytest.fixture(autouse=True)
def keys(cast: Cast) -> None:
    """A key and a report in either school."""
    for teacher, lesson in ((cast.teacher, cast.lesson), (cast.other_teacher, cast.other_lesson)):
        stream_keys.issue(teacher.pk, lesson.pk, stream_keys.WHIP, f"OBS of {teacher.name}")
        DeviceCheck.objects.create(user=teacher, browser="Firefox · Linux")
        audit.note("room.lock", lesson.pk, teacher.pk)
        reports.send(lesson.pk, teacher.pk, None, f"Words of {teacher.name}")


def row_of(school: School, model_admin: Admin) -> Model:
    row: Model | None = model_admin.school_rows(model_admin.model._default_manager.all(), school.pk).first()
    assert row is not None, f"the cast has no {model_admin.opts.model_name} in {school}"
    return row


def pages_of(model_admin: admin.ModelAdmin[Any], row: Model) -> Iterator[str]:
    """Every address that the admin has for one row."""
    for pattern in model_admin.get_urls():
        for argument in ("object_id", "id"):
            if f"<path:{argument}>" in str(pattern.pattern) or f"<{argument}>" in str(pattern.pattern):
                yield (
                    reverse("admin:index")
                    + _folder(model_admin)
                    + _filled(str(pattern.pattern), argument, row)
                )


def _folder(model_admin: admin.ModelAdmin[Any]) -> str:
    return f"{model_admin.opts.app_label}/{model_admin.opts.model_name}/"


def _filled(route: str, argument: str, row: Model) -> str:
    return route.replace(f"<path:{argument}>", str(row.pk)).replace(f"<{argument}>", str(row.pk))


def list_of(model_admin: admin.ModelAdmin[Any]) -> str:
    return reverse("admin:index") + _folder(model_admin)


def request_of(user: User) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def test_the_admin_holds_what_a_school_manages() -> None:
    assert {model for model, _ in OF_SCHOOLS} == {
        *(School, User, AuditEntry, Course, DeviceCheck, Enrolment, Lesson, Report, StreamKey)
    }
    assert [model for model, _ in OF_THE_PLATFORM] == [Relay]


@MODELS
def test_lists_show_the_own_school(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: Admin
) -> None:
    shown = set(school_admin.get(list_of(model_admin)).context["cl"].queryset)
    assert row_of(cast.school, model_admin) in shown
    assert shown == set(model_admin.school_rows(model._default_manager.all(), cast.school.pk))


@MODELS
def test_searching_finds_nobody_else(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: Admin
) -> None:
    for word in ("other", "Olga", "Stella", "Acids", "Chemistry", "staff", str(cast.other_school.pk)):
        response = school_admin.get(list_of(model_admin), {"q": word})
        assert not set(response.context["cl"].queryset) & set(
            model_admin.school_rows(model._default_manager.all(), cast.other_school.pk)
        )


@MODELS
def test_no_page_of_another_school_s_row_opens(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: Admin
) -> None:
    row = row_of(cast.other_school, model_admin)
    pages = list(pages_of(model_admin, row))
    assert len(pages) >= 4
    for page in pages:
        for response in (school_admin.get(page), school_admin.post(page, {"post": "yes"})):
            assert response.status_code in (302, 403, 404), page
    assert model._default_manager.filter(pk=row.pk).exists()


@MODELS
def test_pages_of_the_own_school_open(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: Admin
) -> None:
    row = row_of(cast.school, model_admin)
    address = f"{list_of(model_admin)}{row.pk}/change/"
    assert school_admin.get(address).status_code == 200
    assert school_admin.get(f"{list_of(model_admin)}{row.pk}/history/").status_code == 200


@MODELS
def test_actions_reach_the_own_school_alone(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: Admin
) -> None:
    row = row_of(cast.other_school, model_admin)
    before = model._default_manager.filter(pk=row.pk).values().get()
    for action in model_admin.get_actions(request_of(cast.staff)):
        form = {"action": action, "_selected_action": [str(row.pk)], "post": "yes", "select_across": "1"}
        school_admin.post(list_of(model_admin), form | {"select_across": "0"})
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@MODELS
def test_forms_offer_the_own_school_alone(cast: Cast, model: type[Model], model_admin: Admin) -> None:
    request = request_of(cast.admin)
    forms = [model_admin.get_form(request)]
    forms += [inline.get_formset(request).form for inline in model_admin.get_inline_instances(request)]
    for form in forms:
        for name, field in form.base_fields.items():
            if isinstance(field, ModelChoiceField):
                assert field.queryset is not None
                related = admin.site.get_model_admin(field.queryset.model)
                assert isinstance(related, SchoolScoped)
                own = related.school_rows(field.queryset.model._default_manager.all(), cast.school.pk)
                assert set(field.queryset) <= set(own), name


@MODELS
def test_autocompletion_offers_the_own_school_alone(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: Admin
) -> None:
    asked = 0
    for field in _foreign_keys_to(model):
        form = {"app_label": field.model._meta.app_label, "model_name": field.model._meta.model_name}
        response = school_admin.get(
            reverse("admin:autocomplete"), form | {"field_name": field.name, "term": ""}
        )
        if response.status_code == 200:
            asked += 1
            offered = {entry["id"] for entry in response.json()["results"]}
            own = model_admin.school_rows(model._default_manager.all(), cast.school.pk)
            assert offered <= {str(row.pk) for row in own}
    pointed_at_by_nothing = (AuditEntry, Enrolment, DeviceCheck, Lesson, Report, StreamKey)
    assert asked or model in pointed_at_by_nothing


def _foreign_keys_to(model: type[Model]) -> Iterator[Any]:
    for relation in model._meta.related_objects:
        if relation.related_model in admin.site._registry:
            yield relation.field


@pytest.mark.parametrize(("model", "model_admin"), OF_THE_PLATFORM)
def test_rows_of_the_platform_are_the_staff_s(
    cast: Cast, school_admin: Client, model: type[Model], model_admin: admin.ModelAdmin[Any]
) -> None:
    Relay.objects.create(name="north")
    assert school_admin.get(list_of(model_admin)).status_code == 403
    for page in pages_of(model_admin, model._default_manager.get()):
        assert school_admin.get(page).status_code in (302, 403)


@MODELS
def test_platform_staff_see_every_school(
    cast: Cast, staff: Client, model: type[Model], model_admin: Admin
) -> None:
    shown = set(staff.get(list_of(model_admin)).context["cl"].queryset)
    assert {row_of(cast.school, model_admin), row_of(cast.other_school, model_admin)} <= shown


@MODELS
def test_teachers_and_students_see_nothing(
    cast: Cast, client: Client, model: type[Model], model_admin: Admin
) -> None:
    for person in (cast.teacher, cast.student):
        client.force_login(person)
        assert client.get(list_of(model_admin), follow=True).status_code == 403
        assert not model_admin.get_queryset(request_of(person)).exists()
        assert not model_admin.has_add_permission(request_of(person))


def test_platform_staff_of_a_school_are_not_shown_to_it(cast: Cast, school_admin: Client) -> None:
    cast.staff.school = cast.school
    cast.staff.save()
    shown = school_admin.get(reverse("admin:accounts_user_changelist")).context["cl"].queryset
    assert cast.staff not in shown
    for page in pages_of(admin.site.get_model_admin(User), cast.staff):
        assert school_admin.get(page).status_code in (302, 403, 404)


def test_a_deactivated_administrator_is_kept_out(cast: Cast, school_admin: Client) -> None:
    User.objects.filter(pk=cast.admin.pk).update(is_active=False)
    assert school_admin.get(reverse("admin:accounts_user_changelist")).status_code == 302
