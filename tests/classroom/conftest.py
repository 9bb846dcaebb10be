"""Browsers of those who may see the admin."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.support.cast import Cast


@pytest.fixture
def school_admin(cast: Cast, client: Client) -> Client:
    """Signed in as a school's administrator."""
    client.force_login(cast.admin)
    return client


@pytest.fixture
def staff(cast: Cast, client: Client) -> Client:
    """Signed in as one of the platform's staff."""
    client.force_login(cast.staff)
    return client
