"""DataTrove's MinHash on a file of records; run by the Python of an environment that has it, with FILE and FOLDER."""

import json
import struct
import sys
import time
from collections import defaultdict
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.utils.logging import logger
from datatrove.utils.typeshelper import Languages


def main() -> None:
    file, folder = Path(sys.argv[1]), Path(sys.argv[2])
    logger.remove()
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    documents = [Document(text=record["text"], id=record["id"]) for record in records]
    config = MinhashConfig()
    signatures = MinhashDedupSignature(str(folder / "signatures"), config, language=Languages.german)
    # the tokeniser is loaded before the clock starts
    list(signatures.get_shingles("Ein Satz mit mehr als fünf Wörtern."))
    started = time.process_time()
    signatures.run(documents, 0, 1)
    signed = time.process_time()
    for bucket in range(config.num_buckets):
        step = MinhashDedupBuckets(str(folder / "signatures"), str(folder / "pairs"), config=config)
        step.run(None, bucket, config.num_buckets)
    MinhashDedupCluster(str(folder / "pairs"), str(folder / "clusters"), config, save_cluster_id=True).run(None, 0, 1)
    ended = time.process_time()
    figures = {
        "megabytes": sum(len(record["text"].encode()) for record in records) / 1e6,
        "cpu_s": {"signatures": signed - started, "clusters": ended - signed},
        "peak_rss_mb": _peak_rss_mb(),
        "clusters": _clusters(folder / "clusters"),
    }
    print(json.dumps(figures))


def _clusters(folder: Path) -> list[tuple[int, list[int]]]:
    """Kept document of every cluster, and those that are removed."""
    removed = {number for (number,) in struct.iter_unpack("<I", (folder / "000000.remove").read_bytes())}
    kept: dict[int, int] = {}
    members: defaultdict[int, list[int]] = defaultdict(list)
    for number, cluster in struct.iter_unpack("<2I", (folder / "000000.clusters").read_bytes()):
        if number in removed:
            members[cluster].append(number)
        else:
            kept[cluster] = number
    return [(kept[cluster], numbers) for cluster, numbers in members.items()]


def _peak_rss_mb() -> int:
    """Peak of this process alone; `ru_maxrss` would begin with that of the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


if __name__ == "__main__":
    main()
