"""Vectors as bits and bytes: what is compared with every section, and what the best of them are scored by.

A vector is rotated at random and kept as the signs of its components: one bit per dimension, from which a cosine can be
estimated without bias. Signs of raw embeddings would tell less, since their components differ in size and share a mean;
so the mean of many vectors is taken off first.

Source: Gao and Long 2024, RaBitQ, https://arxiv.org/abs/2405.12497 (estimator, quantised query)
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SEED = 20_260_101
_ROUNDS = 2
_QUERY_BITS = 4


@dataclass(frozen=True, slots=True)
class Codes:
    """Signs of vectors.

    Args:
        bits: Shape (vectors, words), 64 signs per word.
        factors: Shape (vectors,); what a sum over signs is multiplied by to estimate a product.
    """

    bits: "NDArray[np.uint64]"
    factors: "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class AskedCode:
    """A query in the same terms.

    Args:
        signs: Shape (words,).
        planes: Shape (4, words): components as numbers of four bits, plane by plane.
        step: Worth of 1 in these numbers.
        lowest: Worth of 0.
        total: Sum of all components as they were rounded.
        centre_part: Product of query and centre.
    """

    signs: "NDArray[np.uint64]"
    planes: "NDArray[np.uint64]"
    step: float
    lowest: float
    total: float
    centre_part: float


def width(dimension: int) -> int:
    """Bits per code: the next power of two, at least one word."""
    return max(64, 1 << (dimension - 1).bit_length())


def encode(vectors: "NDArray[np.float32]", centre: "NDArray[np.float32]") -> Codes:
    """Codes of vectors, shape (vectors, dimension)."""
    import numpy as np

    turned = _rotated(vectors - centre)
    reach = np.abs(turned).sum(axis=1)
    factors = np.square(turned).sum(axis=1) / np.where(reach > 0, reach, 1)
    return Codes(_packed(turned > 0), factors.astype(np.float32))


def encode_query(vector: "NDArray[np.float32]", centre: "NDArray[np.float32]") -> AskedCode:
    """The code of one query, shape (dimension,)."""
    import numpy as np

    turned = _rotated(vector[None, :])[0]
    lowest = float(turned.min())
    step = (float(turned.max()) - lowest) / (2**_QUERY_BITS - 1) or 1.0
    numbers = np.rint((turned - lowest) / step).astype(np.uint8)
    planes = np.stack([_packed((numbers >> np.uint8(plane) & 1 == 1)[None, :])[0] for plane in range(_QUERY_BITS)])
    total = step * float(numbers.sum()) + lowest * len(turned)
    return AskedCode(_packed((turned > 0)[None, :])[0], planes, step, lowest, total, float(vector @ centre))


def roughly(asked: AskedCode, bits: "NDArray[np.uint64]", factors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Order of nearness by signs on both sides, not a cosine; `bits` has the shape (words, vectors)."""
    import numpy as np

    different = np.zeros(bits.shape[1], dtype=np.uint16)
    for word, signs in zip(bits, asked.signs, strict=True):
        different += np.bitwise_count(word ^ signs)
    return factors * (np.float32(64 * len(bits)) - 2 * different.astype(np.float32))


def estimated(asked: AskedCode, bits: "NDArray[np.uint64]", factors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """Cosines, estimated from the signs of the vectors and the rounded query; `bits` has the shape (words, vectors)."""
    import numpy as np

    positive = np.zeros(bits.shape[1], dtype=np.float32)
    weights = [asked.step * 2**plane for plane in range(_QUERY_BITS)]
    for signs, weight in [*zip(asked.planes, weights, strict=True), (~np.zeros_like(asked.signs), asked.lowest)]:
        count = np.zeros(bits.shape[1], dtype=np.uint16)
        for word, sign in zip(bits, signs, strict=True):
            count += np.bitwise_count(word & sign)
        positive += np.float32(weight) * count
    products = factors * (2 * positive - np.float32(asked.total))
    return products + np.float32(asked.centre_part)


def to_bytes(vectors: "NDArray[np.float32]") -> list[bytes]:
    """Each vector as a scale (float32) and a byte per component."""
    import numpy as np

    scales = np.abs(vectors).max(axis=1, initial=0.0) / 127
    scales[scales == 0] = 1
    numbers = np.rint(vectors / scales[:, None]).astype(np.int8)
    heads = scales.astype("<f4")
    return [head.tobytes() + row.tobytes() for head, row in zip(heads, numbers, strict=True)]


def exact(vector: "NDArray[np.float32]", packed: list[bytes]) -> "NDArray[np.float32]":
    """Cosines of a query with vectors made by `to_bytes`."""
    import numpy as np

    table = np.frombuffer(b"".join(packed), dtype=np.uint8).reshape(len(packed), 4 + len(vector))
    scales = table[:, :4].copy().view("<f4")[:, 0]
    products: NDArray[np.float32] = (table[:, 4:].view(np.int8).astype(np.float32) @ vector) * scales
    return products


def _packed(positive: "NDArray[np.bool_]") -> "NDArray[np.uint64]":
    import numpy as np

    return np.packbits(positive, axis=1, bitorder="little").view("<u8").astype(np.uint64, copy=False)


def _rotated(vectors: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """A fixed rotation: signs at random and a Hadamard transform, twice; exact on every machine."""
    import numpy as np

    count, dimension = vectors.shape
    size = width(dimension)
    turned = np.zeros((count, size), dtype=np.float32)
    turned[:, :dimension] = vectors
    signs = np.random.Generator(np.random.PCG64(_SEED)).integers(0, 2, size=(_ROUNDS, size)).astype(np.float32) * 2 - 1
    for flips in signs:
        turned *= flips
        step = 1
        while step < size:
            pairs = turned.reshape(count, size // (2 * step), 2, step)
            upper = pairs[:, :, 0] + pairs[:, :, 1]
            np.subtract(pairs[:, :, 0], pairs[:, :, 1], out=pairs[:, :, 1])
            pairs[:, :, 0] = upper
            step *= 2
        turned /= np.float32(size**0.5)
    return turned
