from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.brokers.kafka import Kafka, kafka


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with kafka(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker
