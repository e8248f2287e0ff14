"""Which topics are one and the same, by the directions of their vectors. Pure."""

from collections.abc import Sequence

import numpy

ALIKE = 0.9
"""The cosine from which on two topics are one. Models differ; below this some take opposites for alike."""


def packed(vector: Sequence[float]) -> bytes:
    """A vector as it is kept: 32-bit floats in the order of the machine."""
    return numpy.asarray(vector, dtype=numpy.float32).tobytes()


def alike(vector: bytes, others: Sequence[bytes]) -> int | None:
    """The place of the vector among others that is the most like one, None when none is alike.

    Vectors of other lengths, of another model, are like none.
    """
    places = [place for place, other in enumerate(others) if len(other) == len(vector)]
    if not places:
        return None
    one = numpy.frombuffer(vector, dtype=numpy.float32)
    rows = numpy.frombuffer(b"".join(others[place] for place in places), dtype=numpy.float32).reshape(
        len(places), -1
    )
    sizes = numpy.linalg.norm(rows, axis=1) * numpy.linalg.norm(one)
    with numpy.errstate(divide="ignore", invalid="ignore"):
        cosines = numpy.nan_to_num(rows @ one / sizes, nan=0.0, posinf=0.0, neginf=0.0)
    best = int(cosines.argmax())
    return places[best] if cosines[best] >= ALIKE else None
