"""Relays in the admin: what they carry, in plots that move, and the button that empties one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.scoping import SchoolScoped, is_platform_staff
from classroom.models import Relay
from classroom.services import relay_choice, relay_history, relays
from classroom.services.errors import ServiceError

LIST = "admin:classroom_relay_changelist"


@admin.register(Relay)
class RelayAdmin(SchoolScoped):
    """Relays, to look at and to drain: they register themselves."""

    list_display = (
        "name",
        "condition",
        "usage",
        "viewers",
        "traffic",
        "processor",
        "version",
        "heartbeat_at",
        "drain",
    )
    search_fields = ("name",)
    fields = (*list_display, "address", "port", "capacity")
    readonly_fields = fields

    def may(self, action: str, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person may look; nobody makes, changes or deletes a relay here."""
        return action == "view" and is_platform_staff(request)

    def get_urls(self) -> list[URLPattern]:
        """Returns the pages: beside Django's own the plots' figures and the question before draining."""
        own = [
            path("figures/", self.admin_site.admin_view(self.figures), name="classroom_relay_figures"),
            path("<int:pk>/drain/", self.admin_site.admin_view(self.ask), name="classroom_relay_drain"),
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Shows the list, and above it whether new lessons are refused."""
        return super().changelist_view(request, {**(extra_context or {}), "full": relay_choice.are_full()})

    def figures(self, request: HttpRequest) -> JsonResponse:
        """Returns what relays carried since a moment (`since`, in seconds since 1970); three queries."""
        self._require(request)
        known = {relay.pk: relay for relay in Relay.objects.all()}
        samples = relay_history.since(_moment(request.GET.get("since", "")))
        return JsonResponse(
            {
                "full": relay_choice.are_full(),
                "figures": relay_history.FIGURES,
                "relays": [
                    {"name": relay.name, "samples": samples.get(pk, [])} for pk, relay in known.items()
                ],
            }
        )

    def ask(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Asks whether a relay is really to be drained, and has it done."""
        self._require(request)
        relay = get_object_or_404(Relay, pk=pk)
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "relay": relay, "title": gettext("Drain")}
            return TemplateResponse(request, "admin/classroom/relay/drain.html", context)
        try:
            relays.drain(pk)
        except ServiceError as refusal:
            self.message_user(request, f"{relay}: {refusal}", messages.WARNING)
        else:
            sentence = gettext("%(relay)s moves its lessons to other relays and stops.")
            self.message_user(request, sentence % {"relay": relay}, messages.SUCCESS)
        return redirect(LIST)

    def _require(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    @admin.display(description=_("state"))
    def condition(self, relay: Relay) -> str:
        """Whether the relay carries lessons now."""
        if relay.is_available:
            return gettext("draining") if relay.draining else gettext("available")
        return gettext("silent") if relay.connected else gettext("not connected")

    @admin.display(description=_("used"))
    def usage(self, relay: Relay) -> str:
        """How much of what it can carry is used."""
        return f"{relay.usage * 100:.0f} %"

    @admin.display(description=_("viewers"))
    def viewers(self, relay: Relay) -> str:
        """How many watch through it, of how many it can carry."""
        return f"{relay.load.get('subscribers', 0)} / {relay.capacity}"

    @admin.display(description=_("traffic"))
    def traffic(self, relay: Relay) -> str:
        """What it sends."""
        return f"{relay.load.get('out_mbps', 0):.1f} Mbit/s"

    @admin.display(description=_("processor"))
    def processor(self, relay: Relay) -> str:
        """How much of a processor core it takes."""
        return f"{relay.load.get('cpu_percent', 0):.0f} %"

    @admin.display(description=_("maintenance"))
    def drain(self, relay: Relay) -> SafeString | str:
        """A link to the question whether to drain it."""
        if not relay.is_available or relay.draining:
            return "-"
        address = reverse("admin:classroom_relay_drain", args=[relay.pk])
        return format_html('<a href="{}">{}</a>', address, gettext("Drain …"))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
