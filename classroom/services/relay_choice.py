"""Which relay a lesson goes to."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Relay
from classroom.models.relay import FULL_USAGE, HEARTBEAT_LIMIT
from classroom.services.errors import RelayFullError, RelayUnavailableError


def choose() -> Relay:
    """The relay for a new lesson: the least used, and of about as much used ones that with fewest lessons.

    How much is used is heard every two seconds only: a school's lessons all begin within one. Raises
    RelayUnavailableError where there is none, RelayFullError where all have enough to do.
    """
    now = timezone.now()
    current = Q(placements__lesson__starts_at__lte=now, placements__lesson__ends_at__gt=now)
    relays = list(available().annotate(lessons=Count("placements", filter=current)))
    if not relays:
        raise RelayUnavailableError(_("There is no media relay now; this page tries again by itself."))
    fitting = [relay for relay in relays if relay.usage < FULL_USAGE]
    if not fitting:
        raise RelayFullError(
            _(
                "The media relays have all that they can carry with the lessons under way. "
                "Try again in a few minutes, or ask your administrator for another relay."
            )
        )
    return min(fitting, key=lambda relay: (round(relay.usage, 1), relay.lessons, relay.usage, relay.name))


def available() -> QuerySet[Relay]:
    """The relays that may take lessons."""
    heard_of = Q(heartbeat_at__gt=timezone.now() - HEARTBEAT_LIMIT)
    return Relay.objects.filter(heard_of, connected=True, draining=False, capacity__gt=0)


def are_full() -> bool:
    """Whether new lessons are refused since every relay has enough to do; one query."""
    usages = [relay.usage for relay in available()]
    return bool(usages) and min(usages) >= FULL_USAGE
