"""The addresses of timetable and room, and of the doors for devices."""

from django.urls import path

from classroom.views import board, check, keys, lessons, library, polls, register, review, whep, whip

app_name = "classroom"
urlpatterns = [
    path("", lessons.week, name="timetable"),
    path("lessons/<uuid:lesson_id>/", review.review, name="review"),
    path("lessons/<uuid:lesson_id>/room/", lessons.room, name="room"),
    path("lessons/<uuid:lesson_id>/sheets/<uuid:sheet_id>/", board.sheet, name="sheet"),
    path("lessons/<uuid:lesson_id>/keys/", keys.keys, name="keys"),
    path("lessons/<uuid:lesson_id>/keys/<uuid:key_id>/revoke/", keys.revoke, name="revoke-key"),
    path("lessons/<uuid:lesson_id>/files/", library.files, name="files"),
    path("lessons/<uuid:lesson_id>/files/<uuid:material_id>/", library.material, name="file"),
    path(
        "lessons/<uuid:lesson_id>/files/<uuid:material_id>/parts/<int:number>/",
        library.part,
        name="file-part",
    ),
    path("lessons/<uuid:lesson_id>/files/<uuid:material_id>/finish/", library.finish, name="file-finish"),
    path("lessons/<uuid:lesson_id>/files/<uuid:material_id>/pages/", library.pages, name="file-pages"),
    path(
        "lessons/<uuid:lesson_id>/files/<uuid:material_id>/pages/<int:number>/",
        library.page,
        name="file-page",
    ),
    path(
        "lessons/<uuid:lesson_id>/files/<uuid:material_id>/thumbnails/<int:number>/",
        library.thumbnail,
        name="file-thumbnail",
    ),
    path(
        "lessons/<uuid:lesson_id>/files/<uuid:material_id>/download/",
        library.download,
        name="file-download",
    ),
    path("lessons/<uuid:lesson_id>/files/<uuid:material_id>/video/", library.film, name="file-video"),
    path("lessons/<uuid:lesson_id>/register/", register.of_lesson, name="register"),
    path("lessons/<uuid:lesson_id>/register.csv", register.of_lesson_csv, name="register-csv"),
    path("courses/<uuid:course_id>/register/", register.of_course, name="course-register"),
    path("courses/<uuid:course_id>/register.csv", register.of_course_csv, name="course-register-csv"),
    path("lessons/<uuid:lesson_id>/polls/", polls.prepare, name="polls"),
    path("lessons/<uuid:lesson_id>/polls/<uuid:poll_id>/delete/", polls.delete, name="delete-poll"),
    path("check/", check.page, name="check"),
    path("check/connect/", check.connect, name="check-connect"),
    path("check/result/", check.result, name="check-result"),
    path("whip/<uuid:lesson_id>/", whip.endpoint, name="whip"),
    path("whip/<uuid:lesson_id>/<uuid:session_id>/", whip.session, name="whip-session"),
    path("whep/<uuid:lesson_id>/", whep.endpoint, name="whep"),
    path("whep/<uuid:lesson_id>/<uuid:session_id>/", whep.session, name="whep-session"),
]
