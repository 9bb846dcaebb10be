"""What must follow when a person's row changes, whoever changes it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from allauth.account.models import EmailAddress
from django.db.models.signals import post_save

from accounts.models import User


def connect() -> None:
    """Connects the receivers to their signals."""
    post_save.connect(forget_old_addresses, sender=User, dispatch_uid="accounts.forget_old_addresses")


def forget_old_addresses(
    instance: User, created: bool, raw: bool, update_fields: Collection[str] | None, **_: Any
) -> None:
    """Removes allauth's notes of earlier addresses: one could still sign in and reset with them."""
    if created or raw or (update_fields is not None and "email" not in update_fields):
        return
    EmailAddress.objects.filter(user=instance).exclude(email=instance.email).delete()
