"""Keys for devices in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse

from classroom.models import StreamKey, StreamSession
from classroom.services import stream_keys
from tests.support.cast import Cast

pytestmark = pytest.mark.django_db
LIST = reverse("admin:classroom_streamkey_changelist")


@pytest.fixture
def key(cast: Cast) -> StreamKey:
    """A key of the teacher's that is in use."""
    made, _secret = stream_keys.issue(cast.teacher.pk, cast.lesson.pk, stream_keys.WHIP, "Studio")
    StreamSession.objects.create(key=made, client="whip-0123456789abcdef")
    return made


def test_a_schools_administrator_sees_keys_but_nothing_to_use_them_by(
    cast: Cast, client: Client, key: StreamKey
) -> None:
    client.force_login(cast.admin)
    for path in (LIST, reverse("admin:classroom_streamkey_change", args=[key.pk])):
        text = client.get(path).content.decode()
        assert "Studio" in text
        assert key.digest not in text


def test_keys_are_neither_made_nor_deleted_nor_changed_here(
    cast: Cast, client: Client, key: StreamKey
) -> None:
    for person in (cast.admin, cast.staff):
        client.force_login(person)
        assert client.get(reverse("admin:classroom_streamkey_add")).status_code == 403
        assert client.post(reverse("admin:classroom_streamkey_delete", args=[key.pk])).status_code == 403
        path = reverse("admin:classroom_streamkey_change", args=[key.pk])
        client.post(path, {"purpose": "Mine", "expires_at_0": "2099-01-01", "expires_at_1": "00:00"})
    before = StreamKey.objects.filter(pk=key.pk).values().get()
    assert (before["purpose"], before["expires_at"]) == ("Studio", key.expires_at)


def test_revoking_ends_what_the_key_has_open(cast: Cast, client: Client, key: StreamKey) -> None:
    client.force_login(cast.admin)
    form = {"action": "revoke_keys", ACTION_CHECKBOX_NAME: [str(key.pk)]}
    assert client.post(LIST, form).status_code == 302
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert not StreamSession.objects.exists()
    assert "revoked already or expired" in client.post(LIST, form, follow=True).content.decode()


def test_another_schools_key_is_not_revoked(cast: Cast, client: Client, key: StreamKey) -> None:
    client.force_login(cast.other_admin)
    client.post(LIST, {"action": "revoke_keys", ACTION_CHECKBOX_NAME: [str(key.pk)]})
    key.refresh_from_db()
    assert key.revoked_at is None
