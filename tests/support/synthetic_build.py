"""`python -m tests.support.synthetic_build URL FOLDER CACHE`: a build whose questions a server writes, to be killed."""

import sys
from pathlib import Path

from pydantic import SecretStr

from backend.datasets.build_plan import BuildResult
from backend.datasets.records.drafting import TemplateDrafter
from backend.datasets.records.templates.registry import DEFAULT, chosen_templates, installed_templates
from backend.datasets.synthetic.asking import Questioner
from backend.datasets.synthetic.cache import ReplyCache
from backend.datasets.synthetic.drafter import SyntheticDrafter
from backend.datasets.synthetic.endpoint import ChatClient, SyntheticEndpoint
from backend.datasets.synthetic.prompt import Prompt
from shared.models.dataset import RecordFormat
from tests.support.chat_server import KEY
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates
from tests.support.loopback import LOOPBACK

DOCUMENTS = 20


def synthetic_build(
    url: str, folder: Path, cache: Path, *, share: float = 0.3, concurrency: int = 3, documents: int = DOCUMENTS
) -> BuildResult:
    """A finished build; what it asked is in `cache`."""
    endpoint = SyntheticEndpoint(url, "pruefmodell", SecretStr(KEY), concurrency, timeout_s=10)
    client = ChatClient(endpoint, outgoing=LOOPBACK, sleep=lambda _: None)
    drafter = SyntheticDrafter(
        TemplateDrafter(chosen_templates(DEFAULT, installed_templates())),
        Questioner(endpoint.model, client, ReplyCache(cache), Prompt.load()),
        share=share,
        concurrency=concurrency,
    )
    try:
        plan = a_plan(folder, record_format=RecordFormat.MESSAGES)
        return build(plan, candidates(documents), drafter=drafter)
    finally:
        client.close()


if __name__ == "__main__":
    synthetic_build(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
