import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("classroom", "0003_stream_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="relay",
            name="draining",
            field=models.BooleanField(default=False, verbose_name="draining"),
        ),
        migrations.CreateModel(
            name="RelaySample",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("at", models.DateTimeField(db_index=True)),
                ("in_pps", models.FloatField()),
                ("out_pps", models.FloatField()),
                ("in_mbps", models.FloatField()),
                ("out_mbps", models.FloatField()),
                ("cpu_percent", models.FloatField()),
                ("loop_lag_ms", models.FloatField()),
                ("subscribers", models.PositiveIntegerField()),
                ("drops", models.PositiveBigIntegerField()),
                (
                    "relay",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="samples",
                        to="classroom.relay",
                    ),
                ),
            ],
        ),
    ]
