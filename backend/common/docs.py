"""`/docs` and `/redoc` without a CDN: the browser of an air-gapped office gets every script from us.

The scripts come from the package fastapi-offline, which carries Swagger UI 5 and ReDoc 2 as plain files; its own
FastAPI wrapper is not used, since it knows nothing of our headers.
"""

import base64
import hashlib
import importlib.util
import re
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from shared.errors import Unavailable

ASSETS = "/docs/assets"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class DocsUnavailable(Unavailable):
    """The package with the scripts of the documentation pages is not installed."""

    code = "docs_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "The documentation pages need the package fastapi-offline (part of the extra 'api'): "
            "pip install fastapi-offline. The description itself is at /openapi.json."
        )


def add_docs(app: FastAPI) -> None:
    """Serve both documentation pages of `app` and their assets."""
    assets = _assets_folder()
    if assets:
        app.mount(ASSETS, StaticFiles(directory=assets), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    async def swagger_ui(request: Request) -> HTMLResponse:
        root = _root(request, assets)
        return _page(
            get_swagger_ui_html(
                openapi_url=f"{root}/openapi.json",
                title=f"{app.title}: API",
                swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
                swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
                swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
            )
        )

    @app.get("/redoc", include_in_schema=False)
    async def redoc(request: Request) -> HTMLResponse:
        root = _root(request, assets)
        return _page(
            get_redoc_html(
                openapi_url=f"{root}/openapi.json",
                title=f"{app.title}: API reference",
                redoc_js_url=f"{root}{ASSETS}/redoc.standalone.js",
                redoc_favicon_url=f"{root}{ASSETS}/favicon.png",
                with_google_fonts=False,
            )
        )


def _assets_folder() -> Path | None:
    package = importlib.util.find_spec("fastapi_offline")
    locations = package.submodule_search_locations if package else None
    folder = Path(locations[0]) / "static" if locations else None
    return folder if folder and folder.is_dir() else None


def _root(request: Request, assets: Path | None) -> str:
    if assets is None:
        raise DocsUnavailable
    return str(request.scope.get("root_path", "")).rstrip("/")


def _page(page: HTMLResponse) -> HTMLResponse:
    """The page with a policy that lets it load from us and run its own start script, and nothing else."""
    hashes = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(bytes(page.body)))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in hashes)
    page.headers["content-security-policy"] = (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; worker-src blob:; frame-ancestors 'none'"
    )
    return page
