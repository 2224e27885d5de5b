"""The stores in memory: the public double of the SQL truth, which passes the same contract suites.

For tests and experiments; nothing survives the process.
"""

from shared.database.memory.adapter_store import MemoryAdapterStore
from shared.database.memory.audit_store import MemoryAuditStore
from shared.database.memory.dataset_store import MemoryDatasetStore
from shared.database.memory.document_store import MemoryDocumentStore
from shared.database.memory.export_store import MemoryExportStore
from shared.database.memory.feedback_store import MemoryFeedbackStore
from shared.database.memory.job_store import MemoryJobStore
from shared.database.memory.key_store import MemoryKeyStore
from shared.database.memory.review_store import MemoryReviewStore
from shared.database.memory.state import MemoryState

__all__ = [
    "MemoryAdapterStore",
    "MemoryAuditStore",
    "MemoryDatasetStore",
    "MemoryDocumentStore",
    "MemoryExportStore",
    "MemoryFeedbackStore",
    "MemoryJobStore",
    "MemoryKeyStore",
    "MemoryReviewStore",
    "MemoryState",
]
