"""What a person is in their school; pure."""

MEMBER = "member"
"""A teacher or a student: what they may do in a course, their enrolment says."""
SCHOOL_ADMIN = "school_admin"
"""Manages the rows of their own school in the admin."""

CHOICES = ((MEMBER, "Member"), (SCHOOL_ADMIN, "School administrator"))
