"""The addresses of timetable and room, and of the doors for devices."""

from django.urls import path

from classroom.views import board, keys, lessons, whep, whip

app_name = "classroom"
urlpatterns = [
    path("", lessons.week, name="timetable"),
    path("lessons/<uuid:lesson_id>/room/", lessons.room, name="room"),
    path("lessons/<uuid:lesson_id>/sheets/<uuid:sheet_id>/", board.sheet, name="sheet"),
    path("lessons/<uuid:lesson_id>/keys/", keys.keys, name="keys"),
    path("lessons/<uuid:lesson_id>/keys/<uuid:key_id>/revoke/", keys.revoke, name="revoke-key"),
    path("whip/<uuid:lesson_id>/", whip.endpoint, name="whip"),
    path("whip/<uuid:lesson_id>/<uuid:session_id>/", whip.session, name="whip-session"),
    path("whep/<uuid:lesson_id>/", whep.endpoint, name="whep"),
    path("whep/<uuid:lesson_id>/<uuid:session_id>/", whep.session, name="whep-session"),
]
