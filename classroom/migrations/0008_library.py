import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classroom", "0007_board"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Material",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("document", "Document"), ("image", "Picture"), ("video", "Video"), ("file", "File"), ("handed_in", "Handed in"), ("snapshot", "Snapshot of the stage"), ("chat", "Picture in the chat")], default="file", max_length=12, verbose_name="kind")),
                ("state", models.CharField(choices=[("uploading", "Uploading"), ("checking", "Being checked"), ("ready", "Ready"), ("refused", "Refused")], default="uploading", max_length=12, verbose_name="state")),
                ("reason", models.CharField(blank=True, max_length=32)),
                ("name", models.CharField(max_length=120, verbose_name="name")),
                ("size", models.PositiveBigIntegerField(verbose_name="size")),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("media_type", models.CharField(blank=True, max_length=100)),
                ("pages", models.PositiveIntegerField(default=0)),
                ("seconds", models.FloatField(default=0)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("touched_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("course", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="materials", to="classroom.course")),
                ("lesson", models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="materials", to="classroom.lesson")),
                ("owner", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="materials", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "material",
                "verbose_name_plural": "materials",
                "ordering": ("created_at", "pk"),
                "indexes": [
                    models.Index(fields=["course", "lesson"], name="classroom_m_course__73ee76_idx"),
                    models.Index(condition=models.Q(("state__in", ("uploading", "checking"))), fields=["touched_at"], name="unfinished_materials"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MaterialPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("text", models.TextField(blank=True, max_length=8000)),
                ("material", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="page_set", to="classroom.material")),
            ],
            options={
                "ordering": ("number",),
                "constraints": [models.UniqueConstraint(fields=("material", "number"), name="one_page_of_a_number")],
            },
        ),
        migrations.CreateModel(
            name="Slides",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("page", models.PositiveIntegerField(default=1)),
                ("is_shown", models.BooleanField(default=True)),
                ("lesson", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="slides", to="classroom.lesson")),
                ("material", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="classroom.material")),
            ],
        ),
        migrations.CreateModel(
            name="Playback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_playing", models.BooleanField(default=False)),
                ("position", models.FloatField(default=0)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lesson", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name="playback", to="classroom.lesson")),
                ("material", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="classroom.material")),
            ],
        ),
    ]
