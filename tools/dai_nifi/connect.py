"""How commands reach a NiFi: by URL or by a profile of nipyapi, with errors that say what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import nipyapi
import typer
import urllib3
from nipyapi.nifi.rest import ApiException

from dai_nifi.errors import NiFiUnreachableError, ToolError

DEFAULT_URL = "http://127.0.0.1:8080"

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
    """Point nipyapi at a NiFi and return its version.

    Raises:
        NiFiUnreachableError: nothing answers there, or it is not a NiFi, or it refuses the connection.

    """
    config = nipyapi.config.nifi_config
    if profile is not None:
        try:
            nipyapi.profiles.switch(profile)
        except (ValueError, OSError, KeyError) as error:
            raise NiFiUnreachableError(f"the profile {profile} does not work: {error}") from error
        where = f"{config.host} (profile {profile})"
    else:
        base = url.rstrip("/").removesuffix("/nifi").removesuffix("/nifi-api").rstrip("/")
        if not base.startswith(("http://", "https://")):
            base = "http://" + base
        nipyapi.utils.set_endpoint(base + "/nifi-api", login=False)
        where = base
    # A NiFi that is not there is said so at once: retries would only delay it.
    config.retries = False
    try:
        return str(nipyapi.nifi.FlowApi().get_about_info().about.version)
    except ApiException as error:
        raise NiFiUnreachableError(f"the NiFi at {where} refuses the connection: {describe(error)}") from error
    except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
        raise NiFiUnreachableError(
            f"no NiFi answers at {where} ({type(error).__name__}). Start it ('dai-nifi nifi start'), "
            "or give its address with --url."
        ) from error


def describe(error: ApiException) -> str:
    """What NiFi said, without the HTML or JSON around it."""
    body = error.body.decode("utf-8", "replace") if isinstance(error.body, bytes) else str(error.body or "")
    try:
        found = json.loads(body)
        body = found.get("message", body) if isinstance(found, dict) else body
    except ValueError:
        pass
    return body.strip() or f"HTTP {error.status} {error.reason}"


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Turn NiFi's refusal of a request into a ToolError that begins with what was being done."""
    try:
        yield
    except ApiException as error:
        raise ToolError(f"{what}: {describe(error)}") from error
    except urllib3.exceptions.HTTPError as error:
        raise NiFiUnreachableError(f"{what}: NiFi stopped answering ({type(error).__name__})") from error
