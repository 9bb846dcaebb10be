import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("classroom", "0008_library")]

    operations = [
        migrations.CreateModel(
            name='Poll',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('kind', models.CharField(choices=[('choice', 'One of several answers'), ('choices', 'Several answers'), ('scale', 'Scale from 1 to 5'), ('text', 'Short text'), ('quiz', 'Quiz with a right answer')], max_length=12, verbose_name='kind')),
                ('question', models.CharField(max_length=300, verbose_name='question')),
                ('options', models.JSONField(default=list)),
                ('right', models.PositiveSmallIntegerField(null=True)),
                ('explanation', models.CharField(blank=True, max_length=600)),
                ('is_anonymous', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('draft', 'Prepared'), ('open', 'Open'), ('closed', 'Closed')], default='draft', max_length=12)),
                ('is_shown', models.BooleanField(default=False)),
                ('ballots', models.JSONField(default=dict)),
                ('lesson', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='polls', to='classroom.lesson')),
            ],
            options={
                'ordering': ('made_at', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='PollAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.JSONField(null=True)),
                ('poll', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='classroom.poll')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='MoodPress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mood', models.CharField(blank=True, choices=[('lost', "I'm lost"), ('fast', 'Too fast'), ('got_it', 'Got it')], max_length=12)),
                ('pressed_at', models.DateTimeField(db_index=True)),
                ('lesson', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mood_presses', to='classroom.lesson')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='MoodMinute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minute', models.DateTimeField()),
                ('mood', models.CharField(choices=[('lost', "I'm lost"), ('fast', 'Too fast'), ('got_it', 'Got it')], max_length=12)),
                ('count', models.PositiveIntegerField(default=0)),
                ('lesson', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mood_minutes', to='classroom.lesson')),
            ],
        ),
        migrations.CreateModel(
            name='Timer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', models.CharField(blank=True, max_length=80)),
                ('seconds', models.PositiveIntegerField()),
                ('ends_at', models.DateTimeField()),
                ('lesson', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='timer', to='classroom.lesson')),
            ],
        ),
        migrations.AddConstraint(
            model_name='moodminute',
            constraint=models.UniqueConstraint(fields=('lesson', 'minute', 'mood'), name='one_count_of_a_minute'),
        ),
        migrations.AddConstraint(
            model_name='moodpress',
            constraint=models.UniqueConstraint(fields=('lesson', 'user'), name='one_press_of_a_person'),
        ),
        migrations.AddConstraint(
            model_name='poll',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('lesson',), name='one_open_poll_in_a_lesson'),
        ),
        migrations.AddConstraint(
            model_name='pollanswer',
            constraint=models.UniqueConstraint(fields=('poll', 'user'), name='one_answer_of_a_person'),
        ),
    ]
