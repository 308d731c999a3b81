"""What comes after calls: completed calls with three conditioned actions each, beside bare Celery tasks."""
