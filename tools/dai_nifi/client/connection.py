"""How commands reach a NiFi: by its URL or by a profile of nipyapi, with errors that say what to do."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nipyapi
import urllib3
import yaml
from nipyapi.nifi.rest import ApiException

from dai_nifi.client import tls_failures
from dai_nifi.client.errors import message_of
from dai_nifi.errors import NiFiUnreachableError, NotPermittedError, UsageError

DEFAULT_URL = "http://127.0.0.1:8080"

# Of the first call. Later calls may take longer, such as one that stores a large file: NiFi gives a request up by
# itself after nifi.web.request.timeout, a minute unless somebody has set more.
_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 30.0
_LATER_READ_SECONDS, _LATER_CHANGE_SECONDS = 120.0, 900.0

# nipyapi and urllib3 log each retry as a warning; the error below says it once.
logging.getLogger("nipyapi").setLevel(logging.ERROR)
logging.getLogger("urllib3").setLevel(logging.ERROR)


def connect(url: str = DEFAULT_URL, profile: str | None = None) -> str:
    """Point nipyapi at a NiFi and return its version; a profile comes before a URL.

    Raises:
        UsageError: the URL cannot be one.
        NiFiUnreachableError: nothing answers there, or it is not a NiFi, or it refuses the connection.
        NotPermittedError: it knows the user, and does not let them in.

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
        # Values that an earlier profile has set.
        config.cert_file = config.key_file = None
        config.api_key = {}
        config.ssl_ca_cert = os.environ.get("TLS_CA_CERT_PATH") or os.environ.get("REQUESTS_CA_BUNDLE")
        # By hand: nipyapi's set_endpoint() asks for the version itself, and waits for ever if there is no answer.
        config.host = base + "/nifi-api"
        where = base
    config.api_client = _PatientClient()
    try:
        return _version()
    except ApiException as error:
        if error.status in (401, 403):
            raise NotPermittedError(
                f"the NiFi at {where} does not let {tls_failures.certificate_owner(config)} in: {message_of(error)}"
            ) from error
        problem = tls_failures.certificate_problem(error, config)
        if problem is not None:
            raise NiFiUnreachableError(f"the NiFi at {where} refuses the connection: {problem}") from error
        raise NiFiUnreachableError(
            f"what answers at {where} is not a NiFi, or not ready yet: {message_of(error)[:200]}. Give NiFi's address "
            "with --url."
        ) from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        problem = tls_failures.certificate_problem(error, config)
        if problem is not None:
            raise NiFiUnreachableError(f"no connection to the NiFi at {where}: {problem}") from error
        raise NiFiUnreachableError(
            f"no NiFi answers at {where} ({tls_failures.root_cause(error)}). Start it ('dai-nifi nifi start'), "
            "or give its address with --url."
        ) from error
    except (ValueError, AttributeError) as error:
        raise NiFiUnreachableError(
            f"what answers at {where} is not a NiFi: it does not say NiFi's version. Give NiFi's address with --url."
        ) from error


class _PatientClient(nipyapi.nifi.ApiClient):  # type: ignore[misc]
    """nipyapi's client, which waits long for an answer, but not for ever."""

    def __init__(self) -> None:
        super().__init__()
        # Once more, if a connection that was kept open has since been closed.
        self.rest_client.pool_manager.connection_pool_kw["retries"] = urllib3.Retry(total=3, read=1)

    def request(self, method: str, url: str, *others: Any, _request_timeout: Any = None, **further: Any) -> Any:
        """See nipyapi; with a time limit if the call has none."""
        seconds = _LATER_READ_SECONDS if method == "GET" else _LATER_CHANGE_SECONDS
        # The time to connect is also what urllib3 gives NiFi to take each part of a large file.
        timeout = _request_timeout or (seconds, seconds)
        return super().request(method, url, *others, _request_timeout=timeout, **further)


def _version() -> str:
    """The version of the NiFi that nipyapi is set to: asked once, with a time limit."""
    client = nipyapi.nifi.ApiClient()
    client.rest_client.pool_manager.connection_pool_kw["retries"] = False
    calls = nipyapi.nifi.FlowApi(client)
    return str(calls.get_about_info(_request_timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS)).about.version)


def profiles_file() -> Path:
    """The file of profiles that nipyapi reads: NIPYAPI_PROFILES_FILE, else the user's."""
    return Path(os.environ.get("NIPYAPI_PROFILES_FILE") or nipyapi.config.user_profiles_file).expanduser().resolve()


def _base(url: str) -> str:
    """The address without what NiFi's pages add to it; raises UsageError if it is not an address."""
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
