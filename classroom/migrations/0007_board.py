from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("classroom", "0006_chat")]

    operations = []
