"""Celery's side of `cargo xtask bench jobs`: one task that does nothing, on RabbitMQ with results in Redis.

Run as a module it feeds: `python celery_noop.py feed JOBS FEEDERS [leave|wait]` sends so many tasks from so many processes, waits
until each has a result, and prints what that took. Publishing is confirmed, acknowledged is what has ended, and the result is kept.
"""

import json
import multiprocessing
import os
import sys
import time
from datetime import datetime, timezone

from celery import Celery
from kombu import Queue

app = Celery("load", broker=os.environ["LOAD_BROKER"], backend=os.environ["LOAD_RESULTS"])
app.conf.update(
    task_queues=[Queue("load-noop", durable=True, queue_arguments={"x-queue-type": "quorum"})],
    task_default_queue="load-noop",
    broker_transport_options={"confirm_publish": True},
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=False,
    worker_prefetch_multiplier=16,
    result_expires=3600,
    task_serializer="json",
    result_serializer="json",
    broker_connection_retry_on_startup=True,
)


@app.task(name="noop")
def noop(user, number):
    return {"user": user, "number": number}


def send(jobs):
    for number in range(jobs):
        noop.delay(number % 200, number)


def results():
    import redis

    return redis.Redis.from_url(os.environ["LOAD_RESULTS"])


def feed(jobs, feeders, how):
    store = results()
    if how != "wait":
        store.flushdb()
    began, since = time.monotonic(), datetime.now(timezone.utc)
    if how != "wait":
        share = [jobs // feeders + (1 if part < jobs % feeders else 0) for part in range(feeders)]
        parts = [multiprocessing.Process(target=send, args=(part,)) for part in share]
        for part in parts:
            part.start()
        for part in parts:
            part.join()
            if part.exitcode != 0:
                raise SystemExit("a feeder failed")
    accepted = time.monotonic() - began
    if how != "leave":
        before, still = -1, time.monotonic()
        while (done := store.dbsize()) < jobs:
            if done > before:
                before, still = done, time.monotonic()
            if time.monotonic() - still > 60:
                raise SystemExit(f"{done} of {jobs} tasks have a result")
            time.sleep(0.05)
    told = {"accepted_s": accepted}
    if how != "leave":
        done = [datetime.fromisoformat(json.loads(found)["date_done"]) for found in store.mget(store.keys("celery-task-meta-*"))]
        told["whole_s"] = (max(done) - since).total_seconds()
        told["working_s"] = (max(done) - min(done)).total_seconds()
    print(json.dumps(told))


if __name__ == "__main__":
    feed(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
