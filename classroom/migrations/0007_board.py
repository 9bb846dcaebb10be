import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classroom", "0006_chat"),
    ]

    operations = [
        migrations.CreateModel(
            name="Sheet",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("board", "Board"), ("slide", "Slide")], default="board", max_length=8
                    ),
                ),
                ("material", models.UUIDField(null=True)),
                ("page", models.PositiveIntegerField(null=True)),
                ("order", models.PositiveIntegerField(default=0)),
                (
                    "background",
                    models.CharField(
                        choices=[("plain", "Plain"), ("grid", "Grid"), ("lines", "Lines")],
                        default="plain",
                        max_length=8,
                    ),
                ),
                ("height", models.PositiveIntegerField(default=9000)),
                ("version", models.PositiveBigIntegerField(default=0)),
                ("count", models.PositiveIntegerField(default=0)),
                ("points", models.PositiveIntegerField(default=0)),
                (
                    "lesson",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sheets",
                        to="classroom.lesson",
                    ),
                ),
            ],
            options={
                "ordering": ("order", "pk"),
            },
        ),
        migrations.CreateModel(
            name="Board",
            fields=[
                (
                    "lesson",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="board",
                        serialize=False,
                        to="classroom.lesson",
                    ),
                ),
                ("is_open", models.BooleanField(default=False)),
                (
                    "sheet",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="classroom.sheet",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SheetEffects",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first", models.PositiveBigIntegerField()),
                ("batches", models.TextField()),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="effects",
                        to="classroom.sheet",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SheetElement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=24)),
                ("data", models.TextField()),
                ("points", models.PositiveIntegerField(default=0)),
                ("removed_at", models.PositiveBigIntegerField(null=True)),
                ("removed_by", models.UUIDField(null=True)),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="elements",
                        to="classroom.sheet",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="sheet",
            index=models.Index(fields=["lesson", "kind", "order"], name="classroom_s_lesson__0f1347_idx"),
        ),
        migrations.AddConstraint(
            model_name="sheet",
            constraint=models.UniqueConstraint(
                fields=("lesson", "material", "page"), name="one_sheet_over_a_page"
            ),
        ),
        migrations.AddConstraint(
            model_name="sheeteffects",
            constraint=models.UniqueConstraint(fields=("sheet", "first"), name="effects_in_one_order"),
        ),
        migrations.AddIndex(
            model_name="sheetelement",
            index=models.Index(fields=["sheet", "removed_at"], name="classroom_s_sheet_i_9c8558_idx"),
        ),
        migrations.AddConstraint(
            model_name="sheetelement",
            constraint=models.UniqueConstraint(fields=("sheet", "key"), name="one_element_of_an_id"),
        ),
    ]
