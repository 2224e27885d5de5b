"""A folder as the Hugging Face hub lays it out: Parquet below `data/`, numbered shards, a card with the features."""

from backend.datasets.export.base import shard_name
from backend.datasets.export.parquet_exporter import ParquetExporter
from shared.models.dataset import Split


class HuggingFaceExporter(ParquetExporter):
    """`datasets.load_dataset(folder)` reads it, `huggingface-cli upload` takes it as it is."""

    format = "huggingface"

    def file_name(self, split: Split, number: int, count: int) -> str:
        """Always numbered, so that a later version with more shards has the same names."""
        return f"data/{shard_name(split, number, count)}{self.suffix}"
