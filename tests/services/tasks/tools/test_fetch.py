"""Fetching from the web, from a real server."""

import socket
import threading

import pytest

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.tools.fetch import fetch, fetch_all, host_of, is_public


def test_what_a_server_answers_is_fetched(serving):
    with serving(
        {"/é": (200, {}, b""), "/%C3%A9": (200, {"Content-Type": "text/plain; charset=latin-1"}, b"tea")}
    ) as web:
        answer = fetch(f"{web.address}/é", 100, 10, [web.host])
    assert (answer.content, answer.kind, answer.charset) == (b"tea", "text/plain", "latin-1")


def test_an_answer_that_is_too_large_is_left(serving):
    with serving({"/": (200, {}, bytes(3_000_000))}) as web, pytest.raises(Unavailable, match="larger than 2 MB"):
        fetch(f"{web.address}/", 2_000_000, 10, [web.host])


def test_an_answer_that_never_ends_is_left_in_time(serving):
    ends = threading.Event()
    with serving({"/": (200, {}, ends), "/tea": (200, {}, b"tea")}) as web:
        slow, quick = fetch_all([f"{web.address}/", f"{web.address}/tea"], 100, 0.3, [web.host])
        ends.set()
    assert str(slow) == "127.0.0.1 takes too long to answer"
    assert quick.content == b"tea"


def test_a_redirect_is_followed_on_the_web(serving):
    with serving({"/": (302, {"Location": "/tea"}, b""), "/tea": (200, {}, b"tea")}) as web:
        assert fetch(f"{web.address}/", 100, 10, [web.host]).content == b"tea"


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a", "data:,a"])
def test_a_redirect_away_from_the_web_is_not_followed(serving, place):
    refused = pytest.raises(Unavailable, match=r"Redirection|leads away")
    with serving({"/": (302, {"Location": place}, b"")}) as web, refused:
        fetch(f"{web.address}/", 100, 10, [web.host])


def test_a_redirect_in_a_circle_ends(serving):
    with serving({"/": (302, {"Location": "/"}, b"")}) as web, pytest.raises(Unavailable):
        fetch(f"{web.address}/", 100, 10, [web.host])


def test_a_status_is_told(serving):
    with serving({}) as web, pytest.raises(Unavailable, match=r"^127\.0\.0\.1 answers 404 Not Found$"):
        fetch(f"{web.address}/a", 100, 10, [web.host])


def test_a_server_that_is_not_there_is_told_in_a_few_words(serving):
    with serving({}) as web:
        address, host = web.address, web.host
    with pytest.raises(Unavailable, match=r"^127\.0\.0\.1 cannot be reached: Connection refused$"):
        fetch(address, 100, 10, [host])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tea",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://a.example",
        "http://",
        "http://[a",
        "http://a b",
        "http://a\n",
    ],
)
def test_what_is_not_on_the_web_is_refused(url):
    with pytest.raises(InvalidArgument, match="is not the address of a web page"):
        fetch(url, 100, 10)


def test_the_host_of_an_address_is_told():
    assert host_of("https://user:secret@a.example:8080/b") == "a.example"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0177.0.0.1",
        "0x7f.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
    ],
)
def test_what_is_not_public_is_not_asked(serving, host):
    with serving({"/": (200, {}, b"secret")}) as web:
        port = web.host.partition(":")[2]
        with pytest.raises(Denied) as caught:
            fetch(f"http://{host}:{port}/", 100, 10)
        assert web.asked == []
    assert str(caught.value) == f"{host.strip('[]')} is not a public address"


def test_a_redirect_to_what_is_not_public_is_not_followed(serving):
    with serving({"/": (200, {}, b"secret")}) as inner:
        place = {"Location": f"{inner.address}/"}
        with serving({"/": (302, place, b"")}) as web, pytest.raises(Denied, match="is not a public address"):
            fetch(f"{web.address}/", 100, 10, [web.host])
        assert inner.asked == []


@pytest.mark.parametrize("named", ["127.0.0.1", "127.0.0.1:1", "localhost:{port}", "0.0.1:{port}", "", "[", "a:b"])
def test_another_server_or_port_than_the_named_is_not_asked(serving, named):
    with serving({"/": (200, {}, b"secret")}) as web, pytest.raises(Denied):
        fetch(f"{web.address}/", 100, 10, [named.format(port=web.host.partition(":")[2])])


@pytest.fixture
def names(monkeypatch):
    """Replace the resolver for names of examples: each time one is looked up, its next addresses are given."""
    table = {}
    resolve = socket.getaddrinfo

    def look_up(host, port, *rest, **options):
        if host not in table:
            return resolve(host, port, *rest, **options)
        return [row for address in table[host].pop(0) for row in resolve(address, port, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return table


def test_a_name_that_leads_to_this_machine_is_not_asked(serving, names):
    names["a.example"] = [["10.0.0.1", "127.0.0.1"]]
    with serving({"/": (200, {}, b"secret")}) as web, pytest.raises(Denied, match=r"^a\.example is not a public"):
        fetch(f"http://a.example:{web.host.partition(':')[2]}/", 100, 10)


def test_the_address_that_was_checked_is_asked_and_told_the_name(serving, names):
    with serving({"/": (200, {}, b"tea")}) as web:
        host = f"A.example:{web.host.partition(':')[2]}"
        names["a.example"] = [["::1", "127.0.0.1"]]
        assert fetch(f"http://{host}/", 100, 10, [host]).content == b"tea"
        assert web.named == [host]
    assert names["a.example"] == []


def test_a_name_without_an_address_is_told(names):
    names["a.example"] = [[]]
    with pytest.raises(Unavailable, match=r"^a\.example cannot be reached: it has no address$"):
        fetch("http://a.example/", 100, 10, ["a.example"])


def test_a_proxy_is_asked_for_what_is_public_only(serving, names, monkeypatch):
    names["a.example"] = [["8.8.8.8"]]
    names["b.example"] = [["127.0.0.1"]]
    with serving({"http://a.example/": (200, {}, b"tea")}) as web:
        monkeypatch.setenv("http_proxy", web.address)
        assert fetch("http://a.example/", 100, 10).content == b"tea"
        with pytest.raises(Denied):
            fetch("http://b.example/", 100, 10)
        assert web.asked == ["http://a.example/"]


def test_only_addresses_of_one_server_for_everybody_are_public():
    public = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
    closed = "127.0.0.1 0.0.0.0 169.254.169.254 100.64.0.1 192.168.1.1 224.0.0.1 255.255.255.255 ::1 :: fe80::1%lo"
    closed += " fc00::1 fec0::1 ff0e::1 ::127.0.0.1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:7f00:1::1"
    assert [address for address in (*public, *closed.split()) if is_public(address)] == public
