"""A trainer process that speaks the real protocol and writes real folders, but trains nothing: `python -m …`.

What it does is told on the command line, so that a test can make it crash, hang, print rubbish or leave children.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from backend.common.json_lines import decode, encode
from backend.training.workers.protocol import MessageType, TrainingOrder
from shared.replacing import replacing
from shared.storage import stage


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--seconds-per-step", type=float, default=0.01)
    parser.add_argument("--crash-at", type=int, default=0)
    parser.add_argument("--hang-at", type=int, default=0)
    parser.add_argument("--error-at", type=int, default=0)
    parser.add_argument("--ignore-stop", action="store_true")
    parser.add_argument("--grandchild-pid-file", type=Path)
    parser.add_argument("--own-session", action="store_true")
    parser.add_argument("--retryable", action="store_true")
    parser.add_argument("--garbage", action="store_true")
    parser.add_argument("--unknown-message", action="store_true")
    parser.add_argument("--signs-of-life", action="store_true")
    parser.add_argument("--linger", action="store_true")
    options = parser.parse_args()
    order = TrainingOrder.from_message(decode(sys.stdin.buffer.readline()))
    stop: list[str] = []
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    if options.grandchild_pid_file:
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=options.own_session
        )
        # whoever sees it sees all of it
        with replacing(options.grandchild_pid_file) as stream:
            stream.write(str(child.pid).encode())
    _say(MessageType.READY, pid=os.getpid())
    _say(MessageType.PLAN, total_steps=options.steps, total_epochs=1, start_step=0, facts={"records": 1})
    for step in range(1, options.steps + 1):
        _take_time(options.seconds_per_step, says_so=options.signs_of_life)
        if options.unknown_message:
            sys.stdout.buffer.write(b'{"type":"riddle"}\n')
            sys.stdout.buffer.flush()
        if options.garbage:
            sys.stdout.buffer.write(b"not json\n")
        if stop and not options.ignore_stop:
            _say(MessageType.STOPPED, reason=stop[0])
            return 0
        if step == options.crash_at:
            os.kill(os.getpid(), 9)
        if step == options.hang_at:
            time.sleep(600)
        if step == options.error_at:
            _say(MessageType.ERROR, code="bad_records", message="Row 7 is empty.", is_retryable=options.retryable)
            return 0
        _say(MessageType.STEP, step=step, epoch=0, metrics={"loss": 1.0 / step})
    with stage(Path(order.adapter_path)) as staged:
        (staged.path / "adapter_config.json").write_text("{}")
        manifest = staged.publish({"job_id": order.job_id})
    _say(
        MessageType.PUBLISHED,
        adapter_id=order.adapter_id,
        path=order.adapter_path,
        manifest_sha256=manifest.sha256,
        base_model_digest="0" * 64,
        steps=options.steps,
        epochs=1,
        metrics={"eval_loss": 0.5},
    )
    if options.linger:
        time.sleep(600)
    return 0


def _take_time(seconds: float, *, says_so: bool) -> None:
    end = time.monotonic() + seconds
    while says_so and time.monotonic() < end - 0.05:
        time.sleep(0.05)
        _say(MessageType.ALIVE)
    time.sleep(max(0.0, end - time.monotonic()))


def _listen(stop: list[str]) -> None:
    stop.extend(decode(line)["stop"] for line in sys.stdin.buffer)
    os._exit(75)


def _say(kind: MessageType, **fields: object) -> None:
    sys.stdout.buffer.write(encode({"type": kind, **fields}))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
