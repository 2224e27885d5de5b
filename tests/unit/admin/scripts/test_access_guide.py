import pytest

from admin.scripts import access_guide


def test_the_page_says_what_the_routes_say() -> None:
    assert access_guide.main(["--check"]) == 0, "run `make docs`, and look at what changed"


def test_a_page_that_says_something_else_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_guide, "render", lambda: "another page")
    assert access_guide.main(["--check"]) == 1
    assert "run `make docs`" in capsys.readouterr().err


def test_every_route_has_a_line() -> None:
    page = access_guide.render()
    for expected in (
        "| `DELETE /api/training/jobs/{job_id}` | yes | yes | – |",
        "| `DELETE /api/datasets/{dataset_id}` | yes | yes | own |",
        "| `WebSocket /api/training/ws` | yes | yes | yes |",
        "| `/livez` | probes have no token |",
    ):
        assert f"{expected}\n" in page
