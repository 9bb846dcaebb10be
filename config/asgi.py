"""The ASGI application: HTTP by Django, WebSockets by Channels."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()
# What follows needs the apps that the line above has loaded.

from channels.routing import ProtocolTypeRouter
from django.conf import settings

from classroom.live.routing import websocket_urlpatterns
from config.health import Health
from config.sockets import OriginGate
from config.static_files import with_static_files

sockets = OriginGate(websocket_urlpatterns, settings.ALLOWED_ORIGINS)
application = Health(with_static_files(ProtocolTypeRouter({"http": http, "websocket": sockets})))
