"""Where the dataset service keeps what it makes.

data/datasets/<dataset_id>/<claim epoch>/records/    canonical records, published
                                        /quality/    every found section with its signals and its fate
                                        /lineage/    what the version was made of
                                        /exports/<format>/
                                        /work/       finished stages, until the build has ended
data/uploads/<upload_id>/                            files of a request while they are ingested
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from shared.storage import confined


@dataclass(frozen=True, slots=True)
class DatasetFolders:
    """Folders below the data folder.

    Args:
        data: Root of everything that services keep.
    """

    data: Path

    @property
    def uploads(self) -> Path:
        """Spool of uploads."""
        return self.data / "uploads"

    def dataset(self, dataset_id: str) -> Path:
        """Everything of one dataset."""
        return confined(self.data / "datasets", dataset_id)

    def attempt(self, dataset_id: str, claim_epoch: int) -> Path:
        """The folder of one build attempt: a builder that lost its claim cannot write into another one's."""
        return self.dataset(dataset_id) / str(claim_epoch)

    def remove(self, dataset_id: str) -> None:
        """Remove all files of a dataset that the database no longer knows (or whose build failed)."""
        shutil.rmtree(self.dataset(dataset_id), ignore_errors=True)

    def remove_attempt(self, dataset_id: str, claim_epoch: int) -> None:
        """Remove what one attempt wrote."""
        shutil.rmtree(self.attempt(dataset_id, claim_epoch), ignore_errors=True)

    def earlier(self, dataset_id: str, claim_epoch: int) -> list[Path]:
        """Folders of earlier attempts, the newest first."""
        root = self.dataset(dataset_id)
        found = [folder for folder in (root.iterdir() if root.is_dir() else ()) if folder.name.isdigit()]
        earlier = [folder for folder in found if int(folder.name) < claim_epoch]
        return sorted(earlier, key=lambda folder: -int(folder.name))

    def remove_earlier(self, dataset_id: str, claim_epoch: int) -> None:
        """Remove what earlier attempts left behind."""
        for folder in self.earlier(dataset_id, claim_epoch):
            shutil.rmtree(folder, ignore_errors=True)

    def dataset_ids(self) -> list[str]:
        """Datasets that have a folder."""
        root = self.data / "datasets"
        return sorted(folder.name for folder in (root.iterdir() if root.is_dir() else ()) if folder.is_dir())
