"""What the platform's queue is compared with: Celery on the same Redis, with the same promise (acknowledged after the
effect), tasks that do nothing, and no results kept."""

import os

from celery import Celery

app = Celery("rival", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_ignore_result=True, task_acks_late=True, worker_prefetch_multiplier=64, worker_hijack_root_logger=False,
    worker_send_task_events=False, task_serializer="json", broker_connection_retry_on_startup=True)


@app.task
def nothing(scan: str) -> None:
    pass
