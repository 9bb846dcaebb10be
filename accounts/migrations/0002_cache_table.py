"""The table of the shared cache, in which sign-in limits are counted."""

from typing import Any

from django.core.management import call_command
from django.db import migrations

TABLE = "lectern_cache"


def create_cache_table(apps: Any, schema_editor: Any) -> None:
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunPython(create_cache_table, migrations.RunPython.noop, elidable=False),
    ]
