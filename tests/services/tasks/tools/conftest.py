"""The ground of the tests of tools: a web server of one's own, and PDF files."""

import pytest
from support.tool_ground import pdf_of, server_of


@pytest.fixture
def serving():
    """The function that serves pages."""
    return server_of


@pytest.fixture(scope="session")
def pdf():
    """The function that makes a PDF."""
    return pdf_of


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Ask the server itself."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
