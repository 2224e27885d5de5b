"""Whether an adapter on disk is still the one that was published: every byte, and the manifest against the row."""

from pathlib import Path

from shared.models.adapter import Adapter, AdapterCheck
from shared.storage import CorruptArtefact, verify_folder


def check_adapter(adapter: Adapter) -> AdapterCheck:
    """Read every byte of the adapter's folder and compare."""
    try:
        manifest = verify_folder(Path(adapter.path))
    except CorruptArtefact as exc:
        return AdapterCheck(adapter, str(exc.context["reason"]))
    except OSError as exc:
        return AdapterCheck(adapter, f"it cannot be read: {exc.strerror or type(exc).__name__}")
    if manifest.sha256 != adapter.manifest_sha256:
        found = f"its manifest is {manifest.sha256[:12]}…, published was {adapter.manifest_sha256[:12]}…"
        return AdapterCheck(adapter, f"the folder is another one: {found}")
    return AdapterCheck(adapter, None, len(manifest.files), sum(size for size, _ in manifest.files.values()))
