"""The ground of the tests of the reader: PDF files."""

import pytest
from support.tool_ground import pdf_of


@pytest.fixture(scope="session")
def pdf():
    """The function that makes a PDF."""
    return pdf_of
