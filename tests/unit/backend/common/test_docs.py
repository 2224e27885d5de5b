import re

import pytest

from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_load_nothing_from_anywhere_else(page: str) -> None:
    async with client_of(small_app()) as client:
        answer = await client.get(page)
        assert answer.status_code == 200
        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assets = re.findall(r'(?:src|href|spec-url)="([^"]+)"', answer.text)
        assert any(asset.endswith(".js") for asset in assets)
        for asset in assets:
            assert (await client.get(asset)).status_code == 200, asset


async def test_the_pages_may_run_their_own_start_script_and_no_other() -> None:
    async with client_of(small_app()) as client:
        policy = (await client.get("/docs")).headers["content-security-policy"]
        assert "script-src 'self' 'sha256-" in policy
        assert "unsafe-inline" not in policy.split("style-src")[0]
        assert (await client.get("/health")).headers["content-security-policy"].startswith("default-src 'none'")


async def test_the_pages_work_below_a_path_of_a_proxy() -> None:
    app = small_app()
    app.root_path = "/clara"
    async with client_of(app) as client:
        text = (await client.get("/docs")).text
    assert "/clara/docs/assets/swagger-ui-bundle.js" in text
    assert "/clara/openapi.json" in text


async def test_nothing_but_the_assets_is_served_from_their_folder() -> None:
    async with client_of(small_app()) as client:
        for path in ("/docs/assets/..%2f__init__.py", "/docs/assets/%2e%2e/core.py", "/docs/assets/", "/docs/assets/x"):
            assert (await client.get(path)).status_code == 404, path


async def test_the_description_is_openapi_31_and_says_what_errors_look_like() -> None:
    async with client_of(small_app()) as client:
        described = (await client.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1.")
    assert described["info"]["version"] == "1.2.3"
    assert {"Problem", "FieldError", "OpenAiError"} <= set(described["components"]["schemas"])
    assert "application/problem+json" in described["paths"]["/health"]["get"]["responses"]["4XX"]["content"]
    assert set(described["paths"]) == {"/", "/health", "/livez", "/readyz", "/metrics", "/api/whoami"}
