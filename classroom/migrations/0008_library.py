from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("classroom", "0007_board")]

    operations = []
