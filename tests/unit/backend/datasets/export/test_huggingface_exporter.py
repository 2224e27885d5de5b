"""A folder as the hub lays it out."""

from backend.datasets.export.huggingface_exporter import HuggingFaceExporter
from shared.models.dataset import Split
from tests.contracts.exporter_contract import ExporterContract


class TestHuggingFaceExporter(ExporterContract):
    exporter_type = HuggingFaceExporter

    def test_files_are_numbered_below_data(self) -> None:
        assert self.exporter().file_name(Split.TRAIN, 0, 1) == "data/train-00000-of-00001.parquet"
        assert self.exporter().file_name(Split.TEST, 3, 12) == "data/test-00003-of-00012.parquet"
