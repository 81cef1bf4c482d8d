"""NiFi's record services, as the templates use them."""

from __future__ import annotations

from collections.abc import Mapping

from dai_nifi.flows.parts import Bundle, Service

API = Bundle("nifi-standard-services-api-nar")

_RECORDS = Bundle("nifi-record-serialization-services-nar")


def record_reader(name: str, kind: str, properties: Mapping[str, str]) -> Service:
    """A Record Reader, of a class such as json.JsonTreeReader."""
    return _service(name, kind, "RecordReaderFactory", properties)


def record_writer(name: str, kind: str, properties: Mapping[str, str], comments: str = "") -> Service:
    """A Record Writer, of a class such as json.JsonRecordSetWriter."""
    return _service(name, kind, "RecordSetWriterFactory", properties, comments)


def _service(name: str, kind: str, api: str, properties: Mapping[str, str], comments: str = "") -> Service:
    return Service(
        name=name,
        type=f"org.apache.nifi.{kind}",
        bundle=_RECORDS,
        api=f"org.apache.nifi.serialization.{api}",
        api_bundle=API,
        properties=properties,
        comments=comments,
    )
