"""Pages for people, and an OpenAPI description for programs. The pages load nothing from other servers."""

from __future__ import annotations

from functools import partial
from importlib import resources

from dai_routes.serve.answering.routing import Routes
from dai_routes.serve.dialects.base import json_answer
from dai_routes.serve.pages.openapi import described
from dai_scoring.service import HttpRequest, HttpResponse

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def add_to(routes: Routes) -> None:
    """Add the paths. The pages contain no data, so they need no key; the requests that they send do."""
    for path, file in (("/", "model.html"), ("/docs", "docs.html")):
        page = resources.files(__name__).joinpath(file).read_bytes()
        routes.serve(path, partial(_page, HttpResponse(200, _HEADERS, page)), is_open=True)
    routes.serve("/openapi.json", partial(_description, routes))


async def _page(page: HttpResponse, _: HttpRequest) -> HttpResponse:
    return page


async def _description(routes: Routes, _: HttpRequest) -> HttpResponse:
    return json_answer(described(routes))
