"""The Celery application: the same app, worker and beat on the embedded queue and on a broker."""

import os

from celery import Celery

from config import embedded_queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
embedded_queue.register()

app = Celery("triptyque")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
