"""Routes of erasing: what has seen a document, and erasing it."""

from typing import Annotated

from fastapi import APIRouter, Depends

from backend.common.blocking import in_thread
from backend.common.request_id import request_id
from backend.datasets.api.dependencies import Curator, DocumentId, State
from backend.datasets.erasing import ErasureDesk
from backend.datasets.erasure_models import DocumentErased, DocumentUsesView, EraseRequest
from shared.auth import require_roles
from shared.models.users import Principal, Role

router = APIRouter(prefix="/api/datasets/documents", tags=["documents"])


async def _desk(state: State) -> ErasureDesk:
    return state.erasing


Desk = Annotated[ErasureDesk, Depends(_desk)]
Eraser = Annotated[Principal, Depends(require_roles(Role.ADMIN))]


@router.get("/{document_id}/uses")
async def document_uses(document_id: DocumentId, desk: Desk, _: Curator) -> DocumentUsesView:
    """Versions, jobs and adapters that have seen a document, also one that was erased."""
    return DocumentUsesView.of(await in_thread(desk.uses, document_id))


@router.post("/{document_id}/erase")
async def erase_document(document_id: DocumentId, order: EraseRequest, desk: Desk, eraser: Eraser) -> DocumentErased:
    """Erase a document for good, withdraw the versions that hold it, and say what is left; repeating it goes on."""
    return DocumentErased.of(await in_thread(desk.erase, document_id, order.reason, eraser, request_id=request_id()))
