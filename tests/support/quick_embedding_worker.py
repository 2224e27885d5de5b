"""Speaks the protocol of `local_model_worker` without torch.

A text "hang" makes it hang, "die" makes it kill itself, "break" makes it fail.
"""

import json
import os
import signal
import sys
import time

import numpy as np

from tests.support.tiny_encoder import OUT


def main() -> None:
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        texts = json.loads(line)["texts"]
        if "hang" in texts:
            time.sleep(60)
        if "die" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        if "break" in texts:
            answers.write(json.dumps({"error": "OSError: a broken safetensors file"}).encode() + b"\n")
            answers.flush()
            return
        vectors = np.ones((len(texts), OUT + ("wide" in texts)), dtype="<f4") / np.sqrt(OUT)
        answers.write(json.dumps({"count": len(texts), "dimension": vectors.shape[1]}).encode() + b"\n")
        answers.write(vectors.astype("<f4").tobytes())
        answers.flush()


if __name__ == "__main__":
    main()
