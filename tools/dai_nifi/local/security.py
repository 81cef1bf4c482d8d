"""What secures a local NiFi: HTTPS, certificates of clients, and an administrator with all policies."""

from __future__ import annotations

import ssl
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

from dai_nifi.client.node_api import NodeApi
from dai_nifi.local.certificates import CLIENT, SERVER, Certificates
from dai_nifi.local.ports import LOOPBACK

_GRANTED = "policies.granted"
_AUTHORIZERS = Path(__file__).parent / "files" / "conf" / "authorizers-secured.xml"

# NiFi gives its first administrator the policies of the canvas only if there is a flow when it starts for the first
# time, and those of the rest not at all. {root} is the canvas; a cluster's nodes need some too, since they ask each
# other for what is queued, and one that joins asks for the models.
_OF_USER = (
    ("read", "/flow"),
    *((action, "/controller") for action in ("read", "write")),
    ("write", "/parameter-contexts"),
    ("read", "/provenance"),
    ("read", "/system"),
    *((action, "/counters") for action in ("read", "write")),
    *((action, "/process-groups/{root}") for action in ("read", "write")),
    ("write", "/operation/process-groups/{root}"),
    ("read", "/provenance-data/process-groups/{root}"),
)
_OF_USER_AND_NODES = (
    ("read", "/parameter-contexts"),
    *((action, "/data/process-groups/{root}") for action in ("read", "write")),
)


def properties(certificates: Certificates, port: int) -> dict[str, str]:
    """The keys of nifi.properties that differ from those of an open NiFi."""
    password = certificates.stores_password
    return {
        "nifi.web.http.host": "",
        "nifi.web.http.port": "",
        "nifi.web.https.host": LOOPBACK,
        "nifi.web.https.port": str(port),
        "nifi.remote.input.secure": "true",
        "nifi.security.keystore": str(certificates.key_store),
        "nifi.security.keystoreType": "PKCS12",
        "nifi.security.keystorePasswd": password,
        "nifi.security.keyPasswd": password,
        "nifi.security.truststore": str(certificates.trust_store),
        "nifi.security.truststoreType": "PKCS12",
        "nifi.security.truststorePasswd": password,
        "nifi.security.user.authorizer": "managed-authorizer",
        "nifi.security.allow.anonymous.authentication": "false",
    }


def authorizers(certificates: Certificates) -> str:
    """The text of authorizers.xml."""
    template = Template(_AUTHORIZERS.read_text(encoding="utf-8"))
    names = {"admin": certificates.identity(CLIENT), "node": certificates.identity(SERVER)}
    return template.substitute({key: escape(name) for key, name in names.items()})


def tls(certificates: Certificates) -> ssl.SSLContext:
    """The TLS settings with which this tool connects to the NiFi of these certificates."""
    context = ssl.create_default_context(cafile=certificates.authority)
    context.load_cert_chain(certificates.client, certificates.client_key)
    return context


def grant(api: NodeApi, certificates: Certificates, folder: Path) -> None:
    """Give the administrator every policy that the tool's commands need, once for the NiFi of a folder.

    Later starts leave users and policies alone, which people may have changed.

    Raises:
        ToolError: NiFi refuses.

    """
    done = folder / _GRANTED
    if done.exists():
        return
    root = api.get("/flow/process-groups/root")["processGroupFlow"]["id"]
    users = {one["component"]["identity"]: one["id"] for one in api.get("/tenants/users")["users"]}
    admin, node = users[certificates.identity(CLIENT)], users[certificates.identity(SERVER)]
    wanted = [(action, resource, [admin]) for action, resource in _OF_USER]
    wanted += [(action, resource, [admin, node]) for action, resource in _OF_USER_AND_NODES]
    for action, resource, owners in wanted:
        _grant(api, action, resource.format(root=root), owners)
    done.touch()


def _grant(api: NodeApi, action: str, resource: str, users: list[str]) -> None:
    found = api.get(f"/policies/{action}{resource}", absent=(404,))
    # If the group has no policy, NiFi answers with that of the group around it.
    if found is None or found["component"]["resource"] != resource:
        component = {"action": action, "resource": resource, "users": [{"id": one} for one in users], "userGroups": []}
        api.send("POST", "/policies", {"revision": {"version": 0}, "component": component})
        return
    component = found["component"]
    missing = set(users) - {one["id"] for one in component["users"]}
    if missing:
        component["users"] = [{"id": one["id"]} for one in component["users"]] + [{"id": one} for one in missing]
        api.send("PUT", f"/policies/{found['id']}", {"revision": found["revision"], "component": component})
