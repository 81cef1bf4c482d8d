"""An application of Celery, as a user writes it. DAI_TEST_* say where the broker and the model are."""

from __future__ import annotations

import os

from celery import Celery

from dai_routes.stream.celery_tasks import scoring_tasks
from dai_scoring.scorer import RuntimeSettings

BROKER = os.environ["DAI_TEST_CELERY_BROKER"]

app = Celery("scores", broker=BROKER, backend=os.environ["DAI_TEST_CELERY_BACKEND"])
app.conf.worker_prefetch_multiplier = 1
if BROKER.startswith("redis"):
    # How long Redis waits until it gives the tasks of a dead worker to another; one hour by default.
    app.conf.broker_transport_options = {"visibility_timeout": 4}
# A client whose broker is gone tries for a third of a minute for each result that it forgets.
app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 1, "interval_max": 0.1}}
score, score_many = scoring_tasks(
    app, os.environ["DAI_TEST_CELERY_MODEL"], settings=RuntimeSettings(accept_h2o_licence=True)
)
