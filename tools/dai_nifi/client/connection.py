"""How commands reach a NiFi: by URL or by a profile of nipyapi, with errors that say what to do."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import urlsplit

import nipyapi
import typer
import urllib3
import yaml
from nipyapi.nifi.rest import ApiException

from dai_nifi.client import tls_failures
from dai_nifi.errors import NiFiUnreachableError, NotPermittedError, ToolError, UsageError

DEFAULT_URL = "http://127.0.0.1:8080"

# Of the first question. What NiFi does after that may take longer, such as storing a large file: it gives a request up
# itself after nifi.web.request.timeout, a minute unless somebody has set more.
_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 30.0
_LATER_READ_SECONDS, _LATER_CHANGE_SECONDS = 120.0, 900.0

UrlOption = Annotated[
    str,
    typer.Option("--url", envvar="DAI_NIFI_URL", help="Where NiFi is, such as http://127.0.0.1:8080."),
]
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", envvar="DAI_NIFI_PROFILE", help="A profile of nipyapi instead, for a secured NiFi."),
]

# nipyapi and urllib3 log each retry as a warning; the error below says it once.
logging.getLogger("nipyapi").setLevel(logging.ERROR)
logging.getLogger("urllib3").setLevel(logging.ERROR)


def connect(url: str = DEFAULT_URL, profile: str | None = None) -> str:
    """Point nipyapi at a NiFi and return its version; a profile comes before a URL.

    Raises:
        UsageError: the URL is none.
        NiFiUnreachableError: nothing answers there, or it is not a NiFi, or it refuses the connection.
        NotPermittedError: it knows who asks, and does not let them in.

    """
    config = nipyapi.config.nifi_config
    if profile is not None:
        try:
            nipyapi.profiles.switch(profile)
        except FileNotFoundError as error:
            raise NiFiUnreachableError(
                f"there is no profile {profile}: nipyapi's file of profiles is not there, neither "
                "~/.nipyapi/profiles.yml nor one that NIPYAPI_PROFILES_FILE names. 'dai-nifi nifi start --secure' "
                "writes it for a local NiFi."
            ) from error
        except (ValueError, OSError, KeyError, yaml.YAMLError) as error:
            raise NiFiUnreachableError(f"the profile {profile} does not work: {error}") from error
        where = f"{config.host} (profile {profile})"
    else:
        base = _base(url)
        # What an earlier profile has left.
        config.cert_file = config.key_file = None
        config.api_key = {}
        config.ssl_ca_cert = os.environ.get("TLS_CA_CERT_PATH") or os.environ.get("REQUESTS_CA_BUNDLE")
        # By hand: nipyapi's set_endpoint() asks for the version itself, and waits for ever where nobody answers.
        config.host = base + "/nifi-api"
        where = base
    config.api_client = _PatientClient()
    try:
        return _version()
    except ApiException as error:
        if error.status in (401, 403):
            raise NotPermittedError(
                f"the NiFi at {where} does not let {tls_failures.who(config)} in: {describe(error)}"
            ) from error
        refusal = tls_failures.refusal(error, config)
        if refusal is not None:
            raise NiFiUnreachableError(f"the NiFi at {where} refuses the connection: {refusal}") from error
        raise NiFiUnreachableError(
            f"what answers at {where} is no NiFi, or not ready yet: {describe(error)[:200]}. Give NiFi's address "
            "with --url."
        ) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        refusal = tls_failures.refusal(error, config)
        if refusal is not None:
            raise NiFiUnreachableError(f"no connection to the NiFi at {where}: {refusal}") from error
        raise NiFiUnreachableError(
            f"no NiFi answers at {where} ({tls_failures.reason(error)}). Start it ('dai-nifi nifi start'), "
            "or give its address with --url."
        ) from error
    except (ValueError, AttributeError) as error:
        raise NiFiUnreachableError(
            f"what answers at {where} is no NiFi: it does not say NiFi's version. Give NiFi's address with --url."
        ) from error


class _PatientClient(nipyapi.nifi.ApiClient):  # type: ignore[misc]
    """nipyapi's client; it waits long for an answer, but not for ever."""

    def __init__(self) -> None:
        super().__init__()
        # Once more where a connection that was kept has been closed meanwhile.
        self.rest_client.pool_manager.connection_pool_kw["retries"] = urllib3.Retry(total=3, read=1)

    def request(self, method: str, url: str, *others: Any, _request_timeout: Any = None, **further: Any) -> Any:
        """See nipyapi; with a limit where the call has none of its own."""
        seconds = _LATER_READ_SECONDS if method == "GET" else _LATER_CHANGE_SECONDS
        # The time to connect is also what urllib3 gives NiFi to take each part of a large file.
        timeout = _request_timeout or (seconds, seconds)
        return super().request(method, url, *others, _request_timeout=timeout, **further)


def _version() -> str:
    """What the NiFi that nipyapi is pointed at says of itself: asked once, with an end to the waiting."""
    client = nipyapi.nifi.ApiClient()
    client.rest_client.pool_manager.connection_pool_kw["retries"] = False
    calls = nipyapi.nifi.FlowApi(client)
    return str(calls.get_about_info(_request_timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS)).about.version)


def _base(url: str) -> str:
    """The address without what NiFi's pages add to it; raises UsageError if it is none."""
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else "http://" + text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and " " not in text
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"--url is NiFi's address, such as http://127.0.0.1:8080, and not {url!r}.")
    path = parts.path.rstrip("/").removesuffix("/nifi").removesuffix("/nifi-api").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def describe(error: ApiException) -> str:
    """What NiFi said, without the HTML or JSON around it."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or "")
    try:
        found = json.loads(body)
        body = found.get("message", body) if isinstance(found, dict) else body
    except ValueError:
        pass
    if body.lstrip().startswith("<"):  # a web server's page for people
        body = ""
    said = body.strip() or f"HTTP {error.status} {error.reason}"
    if error.status == 503:
        said += (
            ". NiFi gives a request up after nifi.web.request.timeout (60 s by default), and a cluster one from node "
            "to node after nifi.cluster.node.read.timeout (5 s), in conf/nifi.properties: a large file may need more"
        )
    return said


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Turn NiFi's refusal of a request into a ToolError that begins with what was being done."""
    try:
        yield
    except ApiException as error:
        kind = NotPermittedError if error.status in (401, 403) else ToolError
        raise kind(f"{what}: {describe(error)}") from error
    except urllib3.exceptions.HTTPError as error:
        raise NiFiUnreachableError(f"{what}: NiFi stopped answering ({type(error).__name__})") from error
