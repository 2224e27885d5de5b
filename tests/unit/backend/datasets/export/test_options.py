"""What was chosen is recorded, and has a folder of its own."""

from backend.datasets.export.options import Compression, ExportOptions


def test_options_survive_the_pipe_to_the_worker() -> None:
    chosen = ExportOptions(delimiter=";", compression=Compression.ZSTD, max_tokens=2048)

    assert ExportOptions.from_json(chosen.as_json()) == chosen
    assert ExportOptions.from_json({}) == ExportOptions()


def test_different_options_are_different_folders() -> None:
    variants = [
        ExportOptions(),
        ExportOptions(include_metadata=False),
        ExportOptions(spreadsheet_safe=False),
        ExportOptions(byte_order_mark=True),
        ExportOptions(delimiter=";"),
        ExportOptions(compression=Compression.GZIP),
        ExportOptions(compression=Compression.ZSTD),
        ExportOptions(max_tokens=100),
        ExportOptions(include_metadata=False, delimiter=";"),
    ]
    suffixes = [each.folder_suffix for each in variants]

    assert suffixes[0] == ""
    assert len(set(suffixes)) == len(variants)
    assert all(part.isascii() and "/" not in part and "." not in part for part in suffixes)
