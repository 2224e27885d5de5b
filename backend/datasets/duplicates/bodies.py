"""The body of a text: what two texts must have in common to be exact copies of each other."""

import hashlib

DIGEST_BYTES = 16


def body_digest(lowered: str) -> bytes:
    """blake2b of a lower-cased text with each run of white space as one space; every other character counts.

    Source: Aumasson et al. 2013, https://www.rfc-editor.org/rfc/rfc7693
    """
    body = " ".join(lowered.split()).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()
