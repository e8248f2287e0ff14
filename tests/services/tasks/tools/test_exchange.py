"""One request to a server that means harm: what it may take of time and memory (CWE-400, CWE-409, CWE-770)."""

import base64
import gzip
import time
import tracemalloc
import zlib

import pytest
from support.hostile_web import Internet, certificate, proxy, raw_server, secure_server

from senter.errors import Unavailable
from senter.tasks.tools import exchange as exchanging
from senter.tasks.tools.addresses import target_of
from senter.tasks.tools.exchange import connect, exchange

HERE = ["127.0.0.1"]
MEGABYTE = 1_000_000
NO_MORE = "HTTP/1.1 200 OK\r\nConnection: close\r\n"


def ask(server, path="/", largest=MEGABYTE, seconds=20.0):
    """What a server answers."""
    target = target_of(f"{server.address}{path}")
    ends = time.monotonic() + seconds
    connection, _ = connect(target, HERE, ends, True)
    with connection:
        return exchange(connection, target, largest, ends)


def saying(*pieces):
    """An answer of these pieces."""

    def answer(write, _over):
        for piece in pieces:
            write(piece if isinstance(piece, bytes) else piece.encode())

    return answer


def content(headers, body, largest=MEGABYTE):
    """The content of an answer with these headers and this body."""
    with raw_server(saying(f"{NO_MORE}{headers}\r\n", body)) as web:
        return ask(web, largest=largest).content


def test_only_what_is_needed_is_sent():
    with raw_server(saying(NO_MORE, "\r\n")) as web:
        ask(web, "/a?b=c")
    line, *headers = web.asked[0].split("\r\n")
    assert line == "GET /a?b=c HTTP/1.1"
    assert sorted(header.partition(":")[0] for header in headers) == [
        "Accept",
        "Accept-Encoding",
        "Connection",
        "Host",
        "User-Agent",
    ]
    assert f"Host: {web.host}" in headers
    assert "Accept-Encoding: identity" in headers


def test_an_answer_says_what_it_is():
    headers = 'Content-Type: Text/HTML; x=y; charset="Latin-1"\r\nLocation: /b\r\nSet-Cookie: a=b\r\n'
    with raw_server(saying(f"{NO_MORE}{headers}\r\ntea")) as web:
        answer = ask(web)
    assert (answer.status, answer.reason, answer.place) == (200, "OK", "/b")
    assert (answer.kind, answer.charset, answer.content) == ("text/html", "Latin-1", b"tea")


def test_what_is_no_success_has_no_content():
    with raw_server(saying("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\ntea")) as web:
        answer = ask(web)
    assert (answer.status, answer.reason, answer.content) == (404, "Not Found", b"")


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("gzip", gzip.compress(b"tea", mtime=0)),
        ("X-GZip", gzip.compress(b"tea", mtime=0)),
        ("deflate", zlib.compress(b"tea")),
        ("deflate", zlib.compress(b"tea", wbits=-15)),
        ("identity", b"tea"),
    ],
)
def test_what_is_packed_although_nobody_asked_is_unpacked(packing, packed):
    assert content(f"Content-Encoding: {packing}\r\n", packed) == b"tea"


# CVE-2022-29225 (Envoy), CVE-2025-66418 and CVE-2025-66471 (urllib3): what unpacks without a bound
@pytest.mark.parametrize("packing", ["gzip", "deflate"])
def test_a_bomb_is_unpacked_no_further_than_what_is_allowed(packing):
    packer = zlib.compressobj(9, wbits=31 if packing == "gzip" else 15)
    bomb = b"".join(packer.compress(bytes(MEGABYTE)) for _ in range(200)) + packer.flush()
    assert len(bomb) < MEGABYTE
    tracemalloc.start()
    try:
        with pytest.raises(Unavailable, match=r"^the answer of 127\.0\.0\.1 is larger than 1 MB$"):
            content(f"Content-Encoding: {packing}\r\n", bomb)
        assert tracemalloc.get_traced_memory()[1] < 10 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_bomb_in_a_bomb_is_not_unpacked_twice():
    inner = gzip.compress(bytes(100 * MEGABYTE))
    assert content("Content-Encoding: gzip\r\n", gzip.compress(inner)) == inner


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("br", b"\x0b\x02\x80tea\x03"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("compress", b"tea"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"tea", mtime=0), mtime=0)),
        ("gzip", b"no gzip"),
        ("gzip", gzip.compress(b"tea", mtime=0)[:-4]),
        ("deflate", b"no deflate"),
        ("gzip", gzip.compress(b"tea", mtime=0)[:10] + b"\xff" * 50),
        ("nonsense", b"tea"),
    ],
)
def test_what_is_packed_in_other_ways_or_broken_is_refused(packing, packed):
    with pytest.raises(Unavailable, match=r"is packed in a way that was not asked for$"):
        content(f"Content-Encoding: {packing}\r\n", packed)


def test_a_body_without_end_is_left():
    def endless(write, over):
        write(f"{NO_MORE}\r\n".encode())
        while not over.is_set():
            write(bytes(65_536))

    with raw_server(endless) as web, pytest.raises(Unavailable, match="larger than 1 MB"):
        ask(web)


def test_a_body_that_says_it_is_too_large_is_not_read():
    with pytest.raises(Unavailable, match="larger than 1 MB"):
        content(f"Content-Length: {2 * MEGABYTE}\r\n", b"")


@pytest.mark.parametrize("length", ["4", "999999", f"{MEGABYTE}"])
def test_a_body_that_is_shorter_than_it_says_is_not_taken_for_whole(length):
    with pytest.raises(Unavailable, match=r"^the answer of 127\.0\.0\.1 was cut$"):
        content(f"Content-Length: {length}\r\n", b"tea")


def test_of_a_body_that_is_longer_than_it_says_the_rest_is_left():
    assert content("Content-Length: 3\r\n", b"tea and cake") == b"tea"


@pytest.mark.parametrize("length", ["-5", "0x3", "9" * 5000, "nonsense", ""])
def test_a_length_that_is_none_does_no_harm(length):
    try:
        assert content(f"Content-Length: {length}\r\n", b"tea") == b"tea"
    except Unavailable as error:
        assert "larger than" in str(error)


def test_a_body_in_chunks_is_put_together():
    assert content("Transfer-Encoding: chunked\r\n", b"2\r\nte\r\n1;x=y\r\na\r\n0\r\nA: b\r\n\r\n") == b"tea"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"-1\r\ntea",
        b"5\r\ntea",
        b"3\r\ntea\r\n",
        b"ffffffffffffffff\r\ntea",
        b"\r\n",
        b"3\r\nteaX",
    ],
)
def test_chunks_that_are_none_are_not_taken_for_an_answer(body):
    refused = pytest.raises((OSError, exchanging.http.client.HTTPException))
    with raw_server(saying(f"{NO_MORE}Transfer-Encoding: chunked\r\n\r\n", body)) as web, refused:
        ask(web)


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "chunked, chunked", "xchunked", "identity"])
def test_a_body_that_travels_in_another_way_is_refused(coding):
    with pytest.raises(Unavailable, match="packed in a way that was not asked for"):
        content(f"Transfer-Encoding: {coding}\r\n", b"3\r\ntea\r\n0\r\n\r\n")


def repeated(piece, before=NO_MORE):
    """An answer that begins so and then repeats itself."""

    def answer(write, over):
        write(before.encode())
        while not over.is_set():
            write(piece)

    return answer


# CVE-2021-3737: http.client waited for ever for a server that went on with "100 Continue".
@pytest.mark.parametrize(
    "answer",
    [
        repeated(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, ""),
        repeated(b"X-A: " + b"a" * 1_000 + b"\r\n"),
        repeated(b"a: b\r\n" * 50),
        repeated(b"a" * 1_000, NO_MORE + "X-A: "),
        repeated(b"a" * 1_000, "HTTP/1.1 200 "),
        repeated(b"a" * 1_000, ""),
        repeated(b"\r\n" * 500, ""),
    ],
    ids=["continue", "long headers", "many headers", "endless header", "endless reason", "nonsense", "empty lines"],
)
def test_headers_without_end_are_left(answer):
    with raw_server(answer) as web, pytest.raises((OSError, exchanging.http.client.HTTPException)):
        ask(web)


@pytest.mark.parametrize(
    "piece",
    [b"A: " + b"b" * 1_000 + b"\r\n", b"1;" + b"x" * 1_000 + b"\r\na\r\n"],
    ids=["trailers", "extensions of chunks"],
)
def test_what_stands_around_a_body_without_end_is_left(piece):
    begins = f"{NO_MORE}Transfer-Encoding: chunked\r\n\r\n" + ("0\r\n" if piece.startswith(b"A") else "")
    # newer Pythons count the trailers themselves
    too_much = pytest.raises((OSError, exchanging.http.client.HTTPException), match=r"too much around|trailers")
    with raw_server(repeated(piece, begins)) as web, too_much:
        ask(web, largest=10_000)


# RFC 2231 in headers, which Python's parser of mail stumbles over; and headers that are no text.
@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: multipart/mixed; boundary*=x; boundary*0=y",
        b"Content-Type: multipart/mixed; boundary*99999999999999999999=x",
        b"Content-Type: message/rfc822",
        b"Content-Type: message/delivery-status",
        b"Content-Type: text/html; charset*=x''y; charset*0=z",
        b"Content-Type: \xff\xfe; charset=\xff",
        b"Content-Type: ;;;===",
        b"Location: \xff\xfe",
        b"no header at all",
        b" folded: before any",
        b"\x00: \x00",
    ],
)
def test_headers_that_are_made_to_harm_are_no_more_than_an_answer_or_an_error(header):
    with raw_server(saying(NO_MORE, header, "\r\n\r\ntea")) as web:
        try:
            answer = ask(web)
        except (Unavailable, OSError, exchanging.http.client.HTTPException):
            return
    assert answer.status == 200
    assert answer.kind in ("", "multipart/mixed", "message/rfc822", "message/delivery-status", "text/html")


@pytest.mark.parametrize(
    "said", ["", "tea", "HTTP/2 200\r\n\r\n", "HTTP/1.1 99 No\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "SSH-2.0-x\r\n"]
)
def test_what_is_not_http_is_not_an_answer(said):
    with raw_server(saying(said)) as web, pytest.raises((OSError, exchanging.http.client.HTTPException)):
        ask(web)


def drip(before, piece):
    """An answer that goes on with a piece now and then, for ever."""

    def answer(write, over):
        write(before.encode())
        while not over.wait(0.02):
            write(piece)

    return answer


@pytest.mark.parametrize(
    ("before", "piece"),
    [
        ("", b"H"),
        (NO_MORE, b"a"),
        (f"{NO_MORE}\r\n", b"a"),
        (f"{NO_MORE}Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=["status", "headers", "body", "chunks"],
)
def test_a_server_that_says_a_little_now_and_then_is_given_up_in_time(before, piece):
    with raw_server(drip(before, piece)) as web, pytest.raises(TimeoutError):
        ask(web, seconds=0.3)


def test_a_server_that_says_nothing_is_given_up_before_the_time_is_over(monkeypatch):
    monkeypatch.setattr(exchanging, "LONGEST_SILENCE", 0.1)
    with raw_server(lambda _write, over: over.wait(20)) as web, pytest.raises(TimeoutError):
        ask(web)


def test_nothing_is_begun_when_the_time_is_over():
    with raw_server(saying(NO_MORE, "\r\n")) as web:
        with pytest.raises(TimeoutError):
            ask(web, seconds=-1.0)
        assert web.asked == []


@pytest.fixture
def internet(monkeypatch):
    """An internet that is on this machine."""
    return Internet(monkeypatch)


def test_the_first_address_that_can_be_reached_is_asked(internet):
    internet.servers = {"2606:4700::1111": 1}
    with raw_server(saying(NO_MORE, "\r\n")) as web:
        internet.servers["1.1.1.1"] = web.port
        target = target_of("http://a.example/")
        connection, address = connect(target, ["2606:4700::1111", "1.1.1.1"], time.monotonic() + 9, False)
        connection.close()
    assert address == "1.1.1.1"
    assert internet.connected == ["2606:4700::1111", "1.1.1.1"]


SECRET = f"{NO_MORE}\r\ntea".encode()


def ask_securely(url, seconds=20.0):
    """What the server at 1.1.1.1 answers to a URL."""
    target, ends = target_of(url), time.monotonic() + seconds
    connection, _ = connect(target, ["1.1.1.1"], ends, False)
    with connection:
        return exchange(connection, target, MEGABYTE, ends)


def test_https_is_for_the_name_of_the_server_whatever_its_address(internet, tmp_path, monkeypatch):
    made = certificate(tmp_path, "a.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with secure_server(made, SECRET) as web:
        internet.servers["1.1.1.1"] = web.port
        assert ask_securely("https://a.example/").content == b"tea"
        with pytest.raises(OSError, match="Hostname mismatch"):
            ask_securely("https://b.example/")
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(OSError, match="self-signed certificate"):
            ask_securely("https://a.example/")
    assert web.names == ["a.example", "b.example", "a.example"]
    assert len(web.asked) == 1


def test_a_proxy_is_told_the_address_and_leaves_the_name_to_the_server(internet, tmp_path, monkeypatch):
    made = certificate(tmp_path, "a.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with secure_server(made, SECRET) as web, raw_server(saying(SECRET)) as plain, proxy() as between:
        monkeypatch.setenv("https_proxy", f"http://ada:hunter%3A2@{between.host}")
        monkeypatch.setenv("http_proxy", between.host)
        between.leads["1.1.1.1"] = ("127.0.0.1", web.port)
        assert ask_securely("https://a.example/").content == b"tea"
        between.leads["1.1.1.1"] = ("127.0.0.1", plain.port)
        assert ask_securely("http://a.example/").content == b"tea"
    assert [head.split("\r\n")[0] for head in between.asked] == [
        "CONNECT 1.1.1.1:443 HTTP/1.1",
        "CONNECT 1.1.1.1:80 HTTP/1.1",
    ]
    word = base64.b64encode(b"ada:hunter:2").decode()
    assert between.asked[0].endswith(f"\r\nProxy-Authorization: Basic {word}")
    assert "Authorization" not in between.asked[1] + web.asked[0] + plain.asked[0]
    assert "Host: a.example" in plain.asked[0]
    assert web.names == ["a.example"]


def test_what_needs_no_proxy_is_asked_directly(internet, monkeypatch):
    with raw_server(saying(SECRET)) as web, proxy() as between:
        internet.servers["1.1.1.1"] = web.port
        monkeypatch.setenv("http_proxy", between.host)
        monkeypatch.setenv("no_proxy", "a.example")
        assert ask_securely("http://a.example/").content == b"tea"
        assert between.asked == []


def test_a_proxy_that_refuses_is_told(monkeypatch):
    with proxy() as between:
        between.status = 403
        monkeypatch.setenv("http_proxy", between.host)
        with pytest.raises(OSError, match=r"^the proxy does not lead there: the proxy answers 403$"):
            ask_securely("http://a.example/")


@pytest.mark.parametrize(
    "address", ["socks5://127.0.0.1:1", "https://127.0.0.1:1", "http://", "http://a:b", "[", "x://"]
)
def test_a_proxy_of_another_kind_is_told(monkeypatch, address):
    monkeypatch.setenv("http_proxy", address)
    with pytest.raises(OSError, match="is not one for HTTP"):
        ask_securely("http://a.example/")
