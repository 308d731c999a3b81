"""Tables and triggers of the directories' search, each database in its own SQL.

SQLite drops a table's triggers whenever a later migration rebuilds the table: such a migration must put those of
``transfers.directory.tables`` back.
"""

from typing import ClassVar

from django.db import migrations

from transfers.directory.tables import create, drop


class Migration(migrations.Migration):
    dependencies: ClassVar = [("transfers", "0001_initial")]

    operations: ClassVar = [migrations.RunPython(create, drop)]
