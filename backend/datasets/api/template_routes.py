"""Routes of templates: what there is, and what it makes of a text."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from backend.common.blocking import in_thread
from backend.common.pagination import After, Limit
from backend.datasets.api.dependencies import AnyUser, Curator, State
from backend.datasets.template_desk import TemplateDesk
from backend.datasets.template_models import TemplateList, TemplateTrial, TemplateView, TriedTemplates

router = APIRouter(prefix="/api/datasets/templates", tags=["templates"])

TemplateName = Annotated[str, Path(max_length=100, description="Name of a template.")]


async def _desk(state: State) -> TemplateDesk:
    return state.templates


Desk = Annotated[TemplateDesk, Depends(_desk)]


@router.get("")
async def list_templates(desk: Desk, _: AnyUser, limit: Limit = 50, after: After = None) -> TemplateList:
    """Templates of questions and answers by name, those of the installation's own folder too."""
    return await in_thread(desk.page, limit=limit, after=after)


# before the names, so that what may be done there is told rightly
@router.post("/try")
async def try_templates(trial: TemplateTrial, desk: Desk, _: Curator) -> TriedTemplates:
    """Records that templates make of a section or a document; nothing is stored."""
    return await in_thread(desk.tried, trial)


@router.get("/{name}")
async def get_template(name: TemplateName, desk: Desk, _: AnyUser) -> TemplateView:
    """One template with its wordings and its conditions."""
    return await in_thread(desk.get, name)
