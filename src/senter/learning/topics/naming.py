"""The form in which phrases are compared. Pure."""


def normal(phrase: str) -> str:
    """Small letters, single spaces."""
    return " ".join(phrase.casefold().split())
