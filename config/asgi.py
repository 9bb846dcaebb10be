"""The ASGI application: HTTP by Django, WebSockets by Channels."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter

from classroom.live.routing import websocket_urlpatterns
from config.health import Health

application = ProtocolTypeRouter(
    {"http": Health(http), "websocket": AuthMiddlewareStack(URLRouter(websocket_urlpatterns))}
)
