import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("classroom", "0010_register")]

    operations = [
        migrations.CreateModel(
            name='DeviceCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('browser', models.CharField(max_length=60, verbose_name='browser')),
                ('checked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='checked')),
                ('camera', models.CharField(blank=True, choices=[('', 'Not checked'), ('ok', 'Works'), ('blocked', 'Blocked'), ('missing', 'None found'), ('busy', 'In use elsewhere'), ('failed', "Doesn't work")], max_length=12, verbose_name='camera')),
                ('microphone', models.CharField(blank=True, choices=[('', 'Not checked'), ('ok', 'Works'), ('blocked', 'Blocked'), ('missing', 'None found'), ('busy', 'In use elsewhere'), ('failed', "Doesn't work")], max_length=12, verbose_name='microphone')),
                ('speaker', models.CharField(blank=True, choices=[('', 'Not checked'), ('ok', 'Works'), ('blocked', 'Blocked'), ('missing', 'None found'), ('busy', 'In use elsewhere'), ('failed', "Doesn't work")], max_length=12, verbose_name='speaker')),
                ('network', models.CharField(blank=True, choices=[('', 'Not checked'), ('ok', 'Works'), ('weak', 'Weak'), ('blocked', 'Blocked'), ('unsupported', 'Browser too old')], max_length=12, verbose_name='network')),
                ('rtt_ms', models.PositiveIntegerField(null=True, verbose_name='round trip in ms')),
                ('loss', models.FloatField(null=True, verbose_name='loss')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='device_checks', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'device check',
                'verbose_name_plural': 'device checks',
                'ordering': ('-checked_at',),
                'constraints': [models.UniqueConstraint(fields=('user', 'browser'), name='one_check_of_a_browser')],
            },
        ),
        migrations.CreateModel(
            name='CheckRun',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('relay', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='classroom.relay')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
