"""The lines between the service and its worker."""

import pytest

from backend.common.json_lines import decode
from backend.datasets.workers.protocol import BuildOrder, ExportJob, MessageType, PublishJob, decode_order, encode_order


@pytest.mark.parametrize(
    "order",
    [
        BuildOrder("dataset_1", "owner", 3, {"home": "/srv", "postgres_password": "geheim\nü"}),
        PublishJob("dataset_1", "csv", "/f", "s3://bucket/x"),
        ExportJob("dataset_1", "Satzungen", "/r", "/t", "csv", "text", {"delimiter": ";"}, "", {}, {}),
    ],
)
def test_an_order_reads_back_as_it_was(order: BuildOrder | ExportJob) -> None:
    line = encode_order(order)

    assert line.count(b"\n") == 1
    assert decode_order(line) == order


@pytest.mark.parametrize("line", [b"", b"x", b"[]", b"{}", b'{"kind":"build"}', b'{"kind":"build","order":{"a":1}}'])
def test_what_is_no_order_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_order(line)


def test_a_message_must_be_an_object() -> None:
    with pytest.raises(ValueError, match="JSON object"):
        decode(b"[1]")


def test_only_progress_and_finished_stages_are_followed_by_more() -> None:
    assert [kind for kind in MessageType if not kind.is_last] == [MessageType.PROGRESS, MessageType.STAGE]
