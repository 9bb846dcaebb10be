"""The addresses of timetable and room."""

from django.urls import path

from classroom.views import lessons

app_name = "classroom"
urlpatterns = [
    path("", lessons.week, name="timetable"),
    path("lessons/<uuid:lesson_id>/room/", lessons.room, name="room"),
]
