"""The ASGI application: HTTP by Django, WebSockets by Channels."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def make_application() -> Any:
    """Loads Django's apps, then what needs them, and puts it together."""
    http = get_asgi_application()

    from channels.routing import ProtocolTypeRouter
    from django.conf import settings

    from classroom.live.routing import websocket_urlpatterns
    from config.health import Health
    from config.metrics import Metrics
    from config.sockets import OriginGate
    from config.static_files import with_static_files

    sockets = OriginGate(websocket_urlpatterns, settings.ALLOWED_ORIGINS)
    health = Health(with_static_files(ProtocolTypeRouter({"http": http, "websocket": sockets})))
    return Metrics(health, health, settings.METRICS_TOKEN)


application = make_application()
