"""What the dataset service says of a copy in object storage."""

from frontend.client.models import Answer


class Publication(Answer):
    """Where a copy of an export lies, and its identity."""

    message: str = ""
    destination_url: str
    manifest_sha256: str
    files: int
    size_bytes: int
