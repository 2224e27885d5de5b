"""The typed client of the three services: the one seam between every user interface and CLARA."""

import ssl
from types import TracebackType
from typing import Self

import httpx

from frontend.client.adapters import AdaptersClient
from frontend.client.dataset_reports import DatasetReportsClient
from frontend.client.datasets import DatasetsClient
from frontend.client.documents import DocumentsClient
from frontend.client.erasure import ErasureClient
from frontend.client.feedback import FeedbackClient
from frontend.client.jobs import JobsClient
from frontend.client.models import Answer, Health, WhoAmI
from frontend.client.quality import QualityClient
from frontend.client.services import DATASETS, SERVING, TRAINING, Service
from frontend.client.submission import Patience
from frontend.client.templates import TemplatesClient
from frontend.client.transport import Timeouts, TokenSource, Transport
from frontend.client.versions import VersionsClient


class ClaraClient:
    """All that the services offer, wherever they run; use it as a context manager.

    Args:
        training_url: Base address, e.g. http://127.0.0.1:45680.
        dataset_url: Base address, e.g. http://127.0.0.1:45681.
        serving_url: Base address, e.g. http://127.0.0.1:45682.
        token: Bearer token, or what gives one for each call; None where no login is asked (security mode debug).
        timeouts: Longest waits.
        patience: How long a submission is repeated when its answer is lost.
        ssl_context: Trust and client certificate for https addresses (mTLS).
        http: Another httpx transport, for tests and for clients inside a process.
    """

    def __init__(
        self,
        training_url: str,
        dataset_url: str,
        serving_url: str,
        token: str | TokenSource | None = None,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - frozen value
        patience: Patience = Patience(),  # noqa: B008 - frozen value
        ssl_context: ssl.SSLContext | None = None,
        http: httpx.BaseTransport | None = None,
    ) -> None:
        urls = {TRAINING: training_url, DATASETS: dataset_url, SERVING: serving_url}
        self._transports = {
            service: Transport(service, url, token, timeouts=timeouts, ssl_context=ssl_context, http=http)
            for service, url in urls.items()
        }
        self.jobs = JobsClient(self._transports[TRAINING], patience)
        self.adapters = AdaptersClient(self._transports[TRAINING])
        self.feedback = FeedbackClient(self._transports[TRAINING])
        self.datasets = DatasetsClient(self._transports[DATASETS])
        self.dataset_reports = DatasetReportsClient(self._transports[DATASETS])
        self.versions = VersionsClient(self._transports[DATASETS])
        self.documents = DocumentsClient(self._transports[DATASETS])
        self.erasure = ErasureClient(self._transports[DATASETS])
        self.quality = QualityClient(self._transports[DATASETS])
        self.templates = TemplatesClient(self._transports[DATASETS])

    def url(self, service: Service) -> str:
        """Base address of a service."""
        return self._transports[service].url

    def health(self, service: Service) -> Health:
        """`GET /health` of a service."""
        return self._transports[service].get("/health", Health)

    def ready(self, service: Service) -> Answer:
        """`GET /readyz` of a service.

        Raises:
            ServiceUnavailable: If it runs but cannot serve yet.
        """
        return self._transports[service].get("/readyz", Answer)

    def whoami(self, service: Service = DATASETS) -> WhoAmI:
        """Who the caller is for a service."""
        return self._transports[service].get("/api/whoami", WhoAmI)

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            transport.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()
