"""Fetching from the web, from real servers: where requests may go (CWE-918), and what is noted of them.

The cases of redirects and of names that lead elsewhere the next time follow OWASP's "Server Side Request Forgery
Prevention Cheat Sheet", Jackson et al., "Protecting Browsers from DNS Rebinding Attacks" (2007), and the advisories
that are named where they apply.
"""

import ipaddress
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.hostile_web import Internet, certificate, raw_server, secure_server

from senter.errors import Denied, InvalidArgument, SenterError, Unavailable
from senter.tasks.tools import fetch as fetching
from senter.tasks.tools.fetch import fetch, fetch_all, host_of, require_page
from senter.tasks.tools.network_log import REQUESTS

METADATA = "169.254.169.254"


@pytest.fixture(autouse=True)
def log():
    """What was noted in this test."""
    REQUESTS.clear()
    return REQUESTS


@pytest.fixture
def internet(monkeypatch):
    """An internet that is on this machine."""
    return Internet(monkeypatch)


@pytest.fixture
def secret(serving):
    """A server on this machine that nobody may ask."""
    with serving({"/": (200, {}, b"secret"), "/secret": (200, {}, b"secret")}) as web:
        yield web
        assert web.asked == []


def port_of(web):
    """The port of a server."""
    return web.host.partition(":")[2]


def test_what_a_server_answers_is_fetched(serving, log):
    with serving(
        {"/é": (200, {}, b""), "/%C3%A9": (200, {"Content-Type": "text/plain; charset=latin-1"}, b"tea")}
    ) as web:
        answer = fetch(f"{web.address}/é", 100, 10, [web.host])
    assert (answer.content, answer.kind, answer.charset) == (b"tea", "text/plain", "latin-1")
    (request,) = log
    assert (request.url, request.address) == (f"{web.address}/%C3%A9", "127.0.0.1")
    assert request.outcome == "200, 3 bytes"
    assert abs(time.time_ns() // 1000 - request.time) < 60_000_000


def test_an_answer_that_is_too_large_is_left(serving, log):
    with serving({"/": (200, {}, bytes(3_000_000))}) as web, pytest.raises(Unavailable, match="larger than 2 MB"):
        fetch(f"{web.address}/", 2_000_000, 10, [web.host])
    assert log[0].outcome == "failed: the answer of 127.0.0.1 is larger than 2 MB"


def test_an_answer_that_never_ends_is_left_in_time(serving, log):
    ends = threading.Event()
    with serving({"/": (200, {}, ends), "/tea": (200, {}, b"tea")}) as web:
        slow, quick = fetch_all([f"{web.address}/", f"{web.address}/tea"], 100, 0.3, [web.host])
        ends.set()
    assert str(slow) == "127.0.0.1 takes too long to answer"
    assert quick.content == b"tea"
    assert [request.outcome for request in log] == ["failed: 127.0.0.1 takes too long to answer", "200, 3 bytes"]


def test_redirects_have_the_time_of_one_request_together():
    def slow(write, over):
        over.wait(0.2)
        write(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")

    with raw_server(slow) as web:
        with pytest.raises(Unavailable, match="takes too long to answer"):
            fetch(f"{web.address}/", 100, 0.5, [web.host])
        assert len(web.asked) <= 3


def test_a_name_that_is_looked_up_without_end_is_left_in_time(internet, log):
    over = threading.Event()
    internet.names["a.example"] = Endless(over)
    try:
        with pytest.raises(Unavailable, match=r"^a\.example takes too long to answer$"):
            fetch("http://a.example/", 100, 0.1)
    finally:
        over.set()
    assert [request.outcome for request in log] == ["failed: a.example takes too long to answer"]


class Endless(list):
    """The answers of a resolver that does not answer before the test is over."""

    def __init__(self, over):
        super().__init__([["127.0.0.1"]])
        self._over = over

    def __getitem__(self, number):
        self._over.wait(20)
        return super().__getitem__(number)


def test_a_status_is_told(serving, log):
    with serving({}) as web, pytest.raises(Unavailable, match=r"^127\.0\.0\.1 answers 404 Not Found$"):
        fetch(f"{web.address}/a", 100, 10, [web.host])
    assert log[0].outcome == "404, Not Found"


def test_a_server_that_is_not_there_is_told_in_a_few_words(serving, log):
    with serving({}) as web:
        address, host = web.address, web.host
    with pytest.raises(Unavailable, match=r"^127\.0\.0\.1 cannot be reached: Connection refused$"):
        fetch(address, 100, 10, [host])
    assert log[0].address == "127.0.0.1"
    assert log[0].outcome == "failed: 127.0.0.1 cannot be reached: Connection refused"


# Schemes


@pytest.mark.parametrize(
    "url",
    [
        *("", "tea", "/etc/passwd", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://a.example"),
        *("dict://127.0.0.1:11211/", "data:,a", "javascript:alert(1)", "jar:http://a.example!/b"),
        *("http://", "http://[a", "http://a b", "http://a\n", "http://a.example\\@127.0.0.1/"),
    ],
)
def test_what_is_not_on_the_web_is_refused(url, internet, log):
    with pytest.raises(InvalidArgument, match="is not the address of a web page"):
        fetch(url, 100, 10)
    assert internet.connected == []
    (request,) = log
    assert (request.address, request.outcome[:9]) == ("", "refused: ")


def test_the_host_of_an_address_is_told():
    assert host_of("https://A.example:8080/b") == "a.example"


def test_what_is_refused_before_anything_else_is_noted_too(log):
    require_page("https://a.example/")
    with pytest.raises(InvalidArgument):
        require_page("file:///etc/passwd")
    assert [request.url for request in log] == ["file:///etc/passwd"]


# Credentials in addresses


@pytest.mark.parametrize("place", ["ada:hunter2@", "ada@", "8.8.8.8@", ":@"])
def test_a_password_in_an_address_goes_nowhere(secret, internet, log, place):
    with pytest.raises(Denied, match="a name or a password in it"):
        fetch(f"http://{place}{secret.host}/", 100, 10, [secret.host])
    assert internet.connected == []
    assert "ada" not in repr(log)
    assert "hunter2" not in repr(log)


def test_a_password_in_a_redirect_goes_nowhere(secret, serving, log):
    place = {"Location": f"http://ada:hunter2@{secret.host}/"}
    with serving({"/": (302, place, b"")}) as web, pytest.raises(Denied) as caught:
        fetch(f"{web.address}/", 100, 10, [web.host, secret.host])
    assert str(caught.value).startswith("127.0.0.1 leads away from the web: a web address with a name or a pass")
    assert [request.url for request in log] == [f"{web.address}/", f"http://…@{secret.host}/"]


# Addresses in every notation


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "LOCALHOST.", "127.0.0.1.", "127.1", "127.0.1", "127.255.255.254"),
        *("0", "0.0.0.0", "2130706433", "017700000001", "0x7f000001", "0177.0.0.1", "0x7f.1", "0x7f.0x0.0x0.0x1"),
        *("00177.0x0.0.01", "127.0x0.1"),
        *("\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "127\u30020\uff0e0\uff611"),
        *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
        *("[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]"),
        *(METADATA, "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:a9fe:a9fe]"),
        *("[fd00:ec2::254]", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("10.0.0.1", "10.1", "0xa.1", "167772161", "172.16.0.1", "192.168.0.1", "100.64.0.1", "224.0.0.1"),
        *("255.255.255.255", "[ff02::1]", "[fc00::1]", "[fec0::1]", "198.18.0.1", "240.0.0.1"),
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_asked(secret, internet, log, host):
    with pytest.raises(Denied, match="is not a public address"):
        fetch(f"http://{host}:{port_of(secret)}/", 100, 10)
    assert internet.connected == []
    assert [(request.address, request.outcome[:8]) for request in log] == [("", "refused:")]


CLOSED = st.sampled_from(
    [
        *("127.0.0.0/8", "10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        *("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "198.18.0.0/15"),
    ]
)


@st.composite
def closed_addresses(draw):
    """A number that is an IPv4 address which is not public."""
    network = ipaddress.IPv4Network(draw(CLOSED))
    return int(network[0]) + draw(st.integers(0, network.num_addresses - 1))


@st.composite
def notations(draw):
    """A host that inet_aton(3) or inet_pton(3) take for an address which is not public."""
    number = draw(closed_addresses())
    if draw(st.booleans()):
        prefix = draw(st.sampled_from(["::", "::ffff:", "64:ff9b::", "::ffff:0:", "fe80::", "2606:4700::5efe:"]))
        dotted = str(ipaddress.IPv4Address(number))
        words = f"{number >> 16:x}:{number & 0xFFFF:x}"
        return f"[{prefix}{draw(st.sampled_from([dotted, words, words.upper()]))}]"
    parts = draw(st.integers(1, 4))
    values = [number >> (24 - 8 * place) & 0xFF for place in range(parts - 1)]
    values.append(number & (1 << (32 - 8 * (parts - 1))) - 1)
    written = [_number(draw, value) for value in values]
    text = draw(st.sampled_from([".", "\u3002", "\uff0e", "\uff61"])).join(written)
    return text.translate(_FULL_WIDTH) if draw(st.booleans()) else text


_FULL_WIDTH = {ord(digit): 0xFF10 + int(digit) for digit in "0123456789"}


def _number(draw, value):
    form = draw(st.sampled_from(["{:d}", "{:#x}", "0x{:08X}", "0{:o}", "000{:o}"]))
    return form.format(value) if value or form != "000{:o}" else "00"


@given(notations(), st.sampled_from(["http", "https", "HTTP"]), st.sampled_from(["", ":80", ":8080"]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_notation_leads_to_what_is_not_public(monkeypatch, host, scheme, port):
    with pytest.MonkeyPatch.context() as patch:
        internet = Internet(patch)
        with pytest.raises(Denied, match="is not a public address"):
            fetch(f"{scheme}://{host}{port}/", 100, 10)
    assert internet.connected == []


# Names, and what they lead to


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], [METADATA], ["fe80::1", "0.0.0.0"]],
)
def test_a_name_that_leads_to_this_machine_is_not_asked(secret, internet, addresses):
    internet.names["a.example"] = [addresses]
    with pytest.raises(Denied, match=r"^a\.example is not a public"):
        fetch(f"http://a.example:{port_of(secret)}/", 100, 10)
    assert internet.connected == []


def test_of_a_name_with_several_addresses_only_the_public_ones_are_asked(secret, internet, serving):
    internet.names["a.example"] = [["127.0.0.1", "::1", "8.8.8.8", METADATA]]
    with serving({"/": (200, {}, b"tea")}) as web:
        internet.servers["8.8.8.8"] = port_of(web)
        assert fetch("http://a.example/", 100, 10).content == b"tea"
    assert internet.connected == ["8.8.8.8"]


# As rbndr and Singularity do it; CVE-2018-5702 (Transmission) is what came of it.
def test_a_name_that_leads_to_this_machine_the_next_time_is_asked_where_it_led_when_it_was_checked(
    secret, internet, serving, log
):
    internet.names["a.example"] = [["8.8.8.8"], ["127.0.0.1"]]
    with serving({"/": (200, {}, b"tea")}) as web:
        internet.servers["8.8.8.8"] = port_of(web)
        assert fetch("http://a.example/", 100, 10).content == b"tea"
        with pytest.raises(Denied):
            fetch("http://a.example/", 100, 10)
    assert internet.connected == ["8.8.8.8"]
    assert [(request.address, request.outcome) for request in log] == [
        ("8.8.8.8", "200, 3 bytes"),
        ("", "refused: a.example is not a public address"),
    ]


def test_a_name_that_leads_to_this_machine_after_a_redirect_is_not_asked(secret, internet, serving):
    internet.names["a.example"] = [["8.8.8.8"], ["127.0.0.1"]]
    with serving({"/": (302, {"Location": "/again"}, b"")}) as web:
        internet.servers["8.8.8.8"] = port_of(web)
        with pytest.raises(Denied):
            fetch("http://a.example/", 100, 10)
        assert web.asked == ["/"]
    assert internet.connected == ["8.8.8.8"]


def test_the_server_is_told_its_name(internet, serving):
    with serving({"/": (200, {}, b"tea")}) as web:
        internet.names["a.example"] = [["8.8.8.8"]]
        internet.servers["8.8.8.8"] = port_of(web)
        assert fetch("http://A.example:8080/", 100, 10).content == b"tea"
        assert web.named == ["a.example:8080"]


def test_a_name_without_an_address_is_told(internet):
    internet.names["a.example"] = [[]]
    with pytest.raises(Unavailable, match=r"^a\.example cannot be reached: it has no address$"):
        fetch("http://a.example/", 100, 10, ["a.example"])


def test_a_name_that_only_a_proxy_knows_is_not_asked(internet, serving, monkeypatch):
    internet.names["a.example"] = [[]]
    with serving({}) as web:
        monkeypatch.setenv("http_proxy", web.address)
        with pytest.raises(Unavailable, match="it has no address"):
            fetch("http://a.example/", 100, 10)
        assert web.asked == []


@pytest.mark.parametrize("port", [21, 22, 25, 81, 3306, 6379, 9200, 11211, 65535])
def test_what_is_public_is_asked_where_pages_are(internet, port):
    internet.names["a.example"] = [["8.8.8.8"]]
    with pytest.raises(Denied, match=rf"^a\.example is not asked at port {port}: pages of others are at 80, 443"):
        fetch(f"http://a.example:{port}/", 100, 10)
    assert internet.connected == []


# This machine by its public addresses

OWN_NETWORK = """
ip link set lo up && ip addr add 2600:1234::5/64 dev lo nodad && ip addr add 8.8.4.4/32 dev lo && exec "$@"
"""
OWN_SERVER = """
import http.server, json, socket, sys, threading
from senter.errors import SenterError
from senter.tasks.tools.fetch import fetch

asked = []

class Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked.append(self.path)
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "http://[2600:1234::5]:8080/")
        self.end_headers()
    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6

server = Server(("::", 8080), Admin)
threading.Thread(target=server.serve_forever, daemon=True).start()
told = []
for url, hosts in json.loads(sys.argv[1]):
    try:
        told.append(str(fetch(url, 100, 10, hosts).content))
    except SenterError as error:
        told.append(str(error))
print(json.dumps([told, asked]))
"""


def told_in_a_network_of_its_own(*visits):
    """What comes of fetching URLs with hosts, and the paths asked for, where some public addresses are our own."""
    apart = ["unshare", "--user", "--map-root-user", "--net"]
    if (
        not (shutil.which("unshare") and shutil.which("ip"))
        or subprocess.run([*apart, "true"], check=False).returncode
    ):
        pytest.skip("no network of its own can be had here")
    done = subprocess.run(
        [*apart, "sh", "-c", OWN_NETWORK, "sh", sys.executable, "-c", OWN_SERVER, json.dumps(visits)],
        stdout=subprocess.PIPE,
        timeout=50,
        check=True,
    )
    return json.loads(done.stdout)


def test_this_machine_is_not_asked_by_its_public_addresses():
    own = ["8.8.4.4", "[2600:1234::5]", "[::ffff:8.8.4.4]", "[64:ff9b::808:404]"]
    told, asked = told_in_a_network_of_its_own(*[(f"http://{host}:8080/cgi", ()) for host in own])
    assert [each.partition(" is ")[2] for each in told] == ["this machine, or in its network"] * len(own)
    assert asked == []


def test_the_network_of_this_machine_is_not_asked_by_its_public_addresses():
    (near, far), _ = told_in_a_network_of_its_own(
        ("http://[2600:1234::77]:8080/", ()), ("http://[2600:1234:0:1::5]:8080/", ())
    )
    assert near == "2600:1234::77 is this machine, or in its network"
    assert far.startswith("2600:1234:0:1::5 cannot be reached: ")


def test_a_public_address_of_this_machine_is_asked_when_it_is_listed_and_leads_to_no_other():
    listed = ["8.8.4.4:8080"]
    told, asked = told_in_a_network_of_its_own(
        ("http://8.8.4.4:8080/", listed), ("http://8.8.4.4:8080/away", listed)
    )
    assert told == ["b''", "2600:1234::5 is this machine, or in its network"]
    assert asked == ["/", "/away"]


class OwnAddress(socket.socket):
    """Where sockets for datagrams that are connected to a public address send from: ``known``, by that address."""

    known: ClassVar[dict[str, str]] = {}

    def connect(self, address):
        if self.type != socket.SOCK_DGRAM:
            return super().connect(address)
        if address[0] not in self.known:
            raise OSError(101, "Network is unreachable")
        self.from_here = self.known[address[0]]

    def getsockname(self):
        return (self.from_here, 1) if self.type == socket.SOCK_DGRAM else super().getsockname()


# As when a page has seen the address that it was asked from, and leads there (CWE-918).
@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ("9.9.9.9", "9.9.9.9"),
        ("2600:1234::5", "2600:1234::5"),
        ("2600:1234::1", "2600:1234::5:6:7:8"),
        ("64:ff9b::909:909", "9.9.9.9"),
    ],
)
def test_no_page_leads_to_where_it_was_asked_from(internet, serving, monkeypatch, log, asked, own):
    monkeypatch.setattr(OwnAddress, "known", {str(fetching._plain(asked)): own, "8.8.8.8": own})
    monkeypatch.setattr(socket, "socket", OwnAddress)
    internet.names = {"a.example": [["8.8.8.8"]], "b.example": [[asked]]}
    with serving({"/": (302, {"Location": "http://b.example/"}, b"")}) as web:
        internet.servers = dict.fromkeys(["8.8.8.8", asked], port_of(web))
        with pytest.raises(Denied, match=r"^b\.example is this machine, or in its network$"):
            fetch("http://a.example/", 100, 10)
    assert internet.connected == ["8.8.8.8"]
    assert log[-1].outcome == "refused: b.example is this machine, or in its network"


@pytest.mark.parametrize(
    ("asked", "own"),
    [
        ("9.9.9.9", "9.9.9.8"),
        ("9.9.9.9", "192.168.0.7"),
        ("2600:1234::5", "2600:1234:0:1::5"),
        ("::ffff:9.9.9.9", "9.9.9.8"),
        ("9.9.9.9", ""),
    ],
)
def test_what_is_elsewhere_is_asked(internet, serving, monkeypatch, asked, own):
    monkeypatch.setattr(OwnAddress, "known", {str(fetching._plain(asked)): own} if own else {})
    monkeypatch.setattr(socket, "socket", OwnAddress)
    internet.names["b.example"] = [[asked]]
    with serving({"/": (200, {}, b"tea")}) as web:
        internet.servers[asked] = port_of(web)
        assert fetch("http://b.example/", 100, 10).content == b"tea"
    assert internet.connected == [asked]


# Servers that are listed


@pytest.mark.parametrize("named", ["127.0.0.1", "127.0.0.1:1", "localhost:{port}", "0.0.1:{port}", "", "[", "a:b"])
def test_another_server_or_port_than_the_listed_is_not_asked(secret, named):
    with pytest.raises(Denied):
        fetch(f"{secret.address}/", 100, 10, [named.format(port=port_of(secret))])


@pytest.mark.parametrize(
    "url", ["http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/"]
)
def test_a_listed_server_has_no_other_names(secret, url):
    with pytest.raises(Denied):
        fetch(url.format(port=port_of(secret)), 100, 10, [secret.host])


def test_a_listed_server_may_be_named_by_a_name(serving, internet):
    with serving({"/": (200, {}, b"tea")}) as web:
        internet.names["nas.example"] = [["127.0.0.1"]]
        host = f"nas.example:{port_of(web)}"
        assert fetch(f"http://{host}/", 100, 10, [host.upper()]).content == b"tea"


# Redirects


def test_a_redirect_is_followed_on_the_web_and_noted(serving, log):
    with serving({"/": (302, {"Location": "/tea#leaf"}, b""), "/tea": (200, {}, b"tea")}) as web:
        assert fetch(f"{web.address}/", 100, 10, [web.host]).content == b"tea"
    assert [(request.url, request.outcome) for request in log] == [
        (f"{web.address}/", "302, Found"),
        (f"{web.address}/tea", "200, 3 bytes"),
    ]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "place",
    [
        *("http://{host}/secret", "//{host}/secret", "http://127.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/"),
        *("http://localhost:{port}/", "http://2130706433:{port}/", "https://{host}/", f"http://{METADATA}/latest/"),
        *("http://ada:hunter2@{host}/", "http://8.8.8.8@{host}/", "\t//{host}/", "ht\ttp://{host}/"),
        *("http:\\\\{host}\\", "/\\{host}/", "\\\\{host}\\", "http://\uff11\uff12\uff17.0.0.1:{port}/"),
        *(
            "file:///etc/passwd",
            "FILE:/etc/passwd",
            "ftp://{host}/a",
            "data:,a",
            "javascript:alert(1)",
            "jar:http://a!/",
        ),
        *("gopher://{host}/_GET%20/secret", "dict://{host}/", "http://[", "http://{host}:99999/", "https:{host}"),
    ],
)
def test_a_public_server_leads_to_none_that_is_not(secret, internet, log, status, place):
    internet.names["a.example"] = [["8.8.8.8"]]
    place = place.format(host=secret.host, port=port_of(secret))

    def answer(write, _over):
        write(f"HTTP/1.1 {status} Moved\r\nLocation: {place}\r\n\r\n".encode())

    with raw_server(answer) as web:
        internet.servers["8.8.8.8"] = web.port
        with pytest.raises((Denied, Unavailable)) as caught:
            fetch("http://a.example/", 100, 10, [secret.host])
        assert len(web.asked) <= 6
    assert set(internet.connected) == {"8.8.8.8"}
    assert log[-1].outcome.startswith(("refused: ", f"{status}, Moved"))
    assert "hunter2" not in f"{caught.value} {log}"


def test_a_listed_server_may_lead_to_itself_but_not_by_way_of_another(secret, internet, serving):
    internet.names["a.example"] = [["8.8.8.8"]]
    away, back = {"Location": "http://a.example/"}, {"Location": f"{secret.address}/"}
    with serving({"/": (302, away, b"")}) as listed, serving({"/": (302, back, b"")}) as public:
        internet.servers["8.8.8.8"] = port_of(public)
        with pytest.raises(Denied, match="is not a public address"):
            fetch(f"{listed.address}/", 100, 10, [listed.host, secret.host])
        assert public.asked == ["/"]


def test_a_redirect_that_says_not_where_ends(serving):
    with serving({"/": (302, {}, b"")}) as web:
        with pytest.raises(Unavailable, match="leads from page to page without end"):
            fetch(f"{web.address}/", 100, 10, [web.host])
        assert len(web.asked) == 6


def test_a_redirect_in_a_circle_ends(serving, log):
    pages = {"/": (302, {"Location": "/b"}, b""), "/b": (302, {"Location": "/"}, b"")}
    with serving(pages) as web:
        with pytest.raises(Unavailable, match=r"^127\.0\.0\.1 leads from page to page without end$"):
            fetch(f"{web.address}/", 100, 10, [web.host])
        assert web.asked == ["/", "/b"] * 3
    assert len(log) == 6


def test_five_redirects_are_followed(serving):
    pages = {f"/{number}": (301, {"Location": f"{number + 1}"}, b"") for number in range(5)}
    with serving({**pages, "/5": (200, {}, b"tea")}) as web:
        assert fetch(f"{web.address}/0", 100, 10, [web.host]).content == b"tea"


def test_a_redirect_in_another_script_is_followed(serving):
    with serving({"/%C3%A9": (200, {}, b"tea")}) as web:

        def answer(write, _over):
            write(f"HTTP/1.1 302 Found\r\nLocation: {web.address}/é\r\n\r\n".encode())

        with raw_server(answer) as first:
            assert fetch(f"{first.address}/", 100, 10, [web.host, first.host]).content == b"tea"


def test_what_was_asked_for_by_https_is_not_had_by_http(internet, serving, tmp_path, monkeypatch):
    made = certificate(tmp_path, "a.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    internet.names["a.example"] = [["8.8.8.8"]]
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://a.example/\r\n\r\n"
    with secure_server(made, answer) as web:
        internet.servers["8.8.8.8"] = web.port
        with pytest.raises(Denied, match=r"^a\.example leads from https to http$"):
            fetch("https://a.example/", 100, 10)
    assert internet.connected == ["8.8.8.8"]


def test_cookies_and_referrers_go_nowhere(serving):
    heads = []

    def answer(write, _over):
        again = b"HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: /again\r\n\r\n"
        write(again if len(heads.append(0) or heads) == 1 else b"HTTP/1.1 200 OK\r\n\r\ntea")

    with raw_server(answer) as web:
        assert fetch(f"{web.address}/?token=1", 100, 10, [web.host]).content == b"tea"
    assert not any(word in web.asked[1] for word in ("Cookie", "Referer", "token", "Authorization"))


def test_every_thread_has_ended_when_all_is_fetched(serving):
    before = threading.active_count()
    with serving({"/": (200, {}, b"tea")}) as web:
        fetch_all([f"{web.address}/"] * 5, 100, 10, [web.host])
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert threading.active_count() <= before


def test_a_fetch_that_fails_says_so_as_an_error_of_senter(serving):
    with serving({}) as web:
        answers = fetch_all([f"{web.address}/", "file:///a"], 100, 10, [web.host])
    assert all(isinstance(answer, SenterError) for answer in answers)
    assert fetching.MOST_REDIRECTS == 5
