"""The formats of a lesson: who is on its stage; pure."""

LECTURE = "lecture"
"""Teachers are on the stage, students while they have the floor."""
SEMINAR = "seminar"
"""Up to 16 people see and hear each other."""
OFFICE_HOURS = "office_hours"
"""A teacher and one student at a time, whom the others neither see nor hear."""
FORMATS = (LECTURE, SEMINAR, OFFICE_HOURS)
