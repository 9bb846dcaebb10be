"""What we decide differently from allauth."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from django.conf import settings
from django.contrib.sites.requests import RequestSite
from django.http import HttpRequest
from django.urls import reverse


class MailedSite:
    """What a mail says of the site it comes from."""

    name = "Lectern"

    def __init__(self, origin: str) -> None:
        self.domain = urlsplit(origin).netloc


class AccountAdapter(DefaultAccountAdapter):
    """Schools make the accounts; limits and links don't depend on what a request claims to be."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Returns the link of a reset on one of our own origins, whatever the request's Host header says."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return own_origin(self.request) + path.replace("UID-KEY", key)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Returns where one goes after changing the password: home."""
        return self.get_login_redirect_url(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sends a mail that names the site by one of our own origins."""
        site = MailedSite(own_origin(allauth_context.request))
        super().send_mail(template_prefix, email, {"current_site": site, **context})

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Counts per account: allauth's own key holds the Host header, by which one could start over."""
        return f"lectern:{str(credentials.get('email', '')).strip().lower()}"


def own_origin(request: HttpRequest) -> str:
    """Returns the origin that the request came to if it is one of ours, otherwise the site's first."""
    origin = f"{request.scheme}://{RequestSite(request).domain}"
    return origin if origin in settings.ALLOWED_ORIGINS else settings.ALLOWED_ORIGINS[0]
