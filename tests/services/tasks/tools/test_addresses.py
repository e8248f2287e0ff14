"""Which addresses on the web may be asked: server-side request forgery (CWE-918), as far as it is in the address.

The cases follow OWASP's "Server Side Request Forgery Prevention Cheat Sheet", the lists of PayloadsAllTheThings,
Orange Tsai's "A New Era of SSRF" (Black Hat 2017: parsers that disagree), and the special-purpose registries of
IANA (RFC 6890).
"""

import ipaddress

import pytest

from senter.errors import Denied, InvalidArgument
from senter.tasks.tools.addresses import is_listed, is_page, is_public, target_of, told


def test_a_url_is_taken_apart_once():
    target = target_of("HTTPS://A.Example:8443/b%20c/é?q=1&r=ü#d")
    assert (target.scheme, target.host, target.port) == ("https", "a.example", 8443)
    assert target.path == "/b%20c/%C3%A9?q=1&r=%C3%BC"
    assert target.url == "https://a.example:8443/b%20c/%C3%A9?q=1&r=%C3%BC"


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("http://a.example", "http://a.example/"),
        ("http://a.example:80?q", "http://a.example/?q"),
        ("https://a.example:443/", "https://a.example/"),
        ("https://a.example:80/", "https://a.example:80/"),
        ("http://a.example:/", "http://a.example/"),
        ("http://a.example./", "http://a.example/"),
        ("http://[2606:4700:0::1111]/", "http://[2606:4700::1111]/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://\uff11\uff12\uff17\u30020\uff0e0\uff611/", "http://127.0.0.1/"),
        ("http://\u2460\u2461\u2466.\u24ea.0.\u2460/", "http://127.0.0.1/"),
        ("http://\u24dbocalhost/", "http://localhost/"),
        ("http://127.0.0.1#@a.example/", "http://127.0.0.1/"),
        ("http://127.0.0.1?@a.example/", "http://127.0.0.1/?@a.example/"),
        ("http://a.example/%0d%0aX:%20y", "http://a.example/%0d%0aX:%20y"),
    ],
)
def test_what_a_url_means_is_what_is_asked(url, means):
    assert target_of(url).url == means


@pytest.mark.parametrize(
    "url",
    [
        # schemes that have led into networks and files (CWE-918; jar: and netdoc: are in lists for XXE)
        *("file:///etc/passwd", "file://localhost/etc/passwd", "gopher://127.0.0.1:6379/_INFO", "ftp://a.example/"),
        *("dict://127.0.0.1:11211/stat", "data:text/html,a", "javascript:alert(1)", "jar:http://a.example!/b"),
        *("ldap://127.0.0.1/", "tftp://a.example/", "netdoc:///etc/passwd", "ws://a.example/", "view-source:http://a"),
        *("url:file:///etc/passwd", "https+file://a.example", "about:blank", "unix:/run/user/1000/bus"),
        # no scheme, no server, or one too many of something
        *("", "tea", "/etc/passwd", "//127.0.0.1/", "http://", "http:///a", "http:/127.0.0.1/", "http:127.0.0.1"),
        *("http://:80/", "http://a..example/", "http://.a.example/", "http://a.example../"),
        # blanks and control characters that parsers leave out (CVE-2023-24329; line ends: CVE-2019-9740)
        *(" http://127.0.0.1/", "\x01http://127.0.0.1/", "ht\ntp://127.0.0.1/", "http://a b/", "http://a\n/"),
        *("http://a.example/\r\nX: y", "http://127.0.0.1\t/", "http://a.example\x00.b.example/", "http://a\u3000b/"),
        *("http://127.0.0.1\u200b/", "http://a.example/\u202e"),
        # a backslash is a slash for some, as in "A New Era of SSRF"
        *("http://a.example\\@127.0.0.1/", "http:\\\\127.0.0.1\\", "http://127.0.0.1\\a.example/", "http://a/\\b"),
        # ports that are none
        *("http://a:0/", "http://a:65536/", "http://a:-1/", "http://a:+80/", "http://a:\uff18\uff10/", "http://a:80:90/"),
        *("http://a:8_0/", "http://a:0x50/", "http://a: 80/", "http://a:000080/"),
        # brackets (CVE-2024-11168, CVE-2025-0938), zones, and percent signs in names
        *("http://[127.0.0.1]/", "http://[a]/", "http://a[::1]/", "http://[::1]a/", "http://[::1", "http://[v1.a]/"),
        *("http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[::1%lo]/", "http://127%2e0%2e0%2e1/"),
        *("http://%6c%6f%63alhost/", "http://a%00b/"),
        # characters that become a slash, a mark or an @ (CVE-2019-9636)
        *("http://a\u2100b.example/", "http://a.example\uff0fb/", "http://a\uff20b/", "http://a\uff1a80/", "http://a\uff0cb/"),
        *("http://a<b>/", 'http://a"b/', "http://a|b/", "http://a;b/", "http://a,b/", "http://{a}/"),
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 200 + "example/",
        "http://a.example/" + "a" * 8_000,
    ],
)  # fmt: skip
def test_what_is_not_a_clear_address_of_a_web_page_is_refused(url):
    with pytest.raises(InvalidArgument, match="is not the address of a web page"):
        target_of(url)
    assert not is_page(url)


@pytest.mark.parametrize(
    "url",
    [
        *("http://a.example@127.0.0.1/", "http://ada:hunter2@a.example/", "http://ada@a.example/", "http://@a.example/"),
        *("http://a.example:80@127.0.0.1:81/", "https://a@b@127.0.0.1/", "http://ada:hunt%40er2@a.example/"),
        *("http://ada:hunter2@[::1]/", "HTTP://ADA:HUNTER2@A.EXAMPLE"),
    ],
)  # fmt: skip
def test_what_has_a_name_or_password_in_it_is_refused(url):
    with pytest.raises(Denied) as caught:
        target_of(url)
    assert str(caught.value) == "a web address with a name or a password in it is not asked"
    assert not is_page(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://ada:hunter2@a.example/#b",
        "http://ada:hunt#er2@a.example/",
        "http://ada:hunt/er2@a.example/",
        "http://ada:hunt@er2@a.example/",
        "http://ada:hunter2%40a.example/",
        "http://ada:hunter2\uff20a.example/",
        "http://ada:hunt\\er2@a.example/",
        "http://ada:hunter2@a b/",
        "ftp://ada:hunter2@a.example/",
        "ada:hunter2@a.example",
        "data:ada:hunter2@a.example",
    ],
)
def test_no_password_is_told(url):
    assert "hunt" not in told(url)
    assert "ada" not in told(url)
    with pytest.raises((Denied, InvalidArgument)) as caught:
        target_of(url)
    assert "hunt" not in str(caught.value)


def test_what_is_told_of_an_address_is_short_and_on_one_line():
    assert told("https://a.example/b?c#d") == "https://a.example/b?c"
    assert told("http://a\n\x1b[2Jb/#c") == "http://a [2Jb/"
    assert len(told("https://a.example/" + "b" * 5_000)) == 2_000
    assert len(told("x" * 10_000_000)) == 2_000


PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001:80f::200e",
    "2001:200::1",
    "2001:4860:4860::8888",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2606:4700::5efe:808:808",
]

# RFC 6890 and what was added to its registries, and where clouds tell machines about themselves
CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "2606:4700::5efe:7f00:1",
    "2606:4700::200:5efe:a9fe:a9fe",
    "fe80::1%lo",
    "::1%lo",
    "2606:4700::1111%eth0",
]


def test_only_addresses_of_one_server_for_everybody_are_public():
    assert [address for address in [*PUBLIC, *CLOSED] if is_public(address)] == PUBLIC


def test_what_python_itself_knows_not_to_be_global_is_not_public_either():
    for network in ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv4Address("10.0.0.1"):
        assert not network.is_global
    first_of_each_eighth = [ipaddress.IPv4Address(number << 21) for number in range(1 << 11)]
    for address in first_of_each_eighth:
        assert not is_public(str(address)) or (address.is_global and not address.is_multicast), address


@pytest.mark.parametrize("address", ["", "a.example", "127.1", "0177.0.0.1", "1.2.3.4.5", "[::1]"])
def test_what_is_no_address_is_not_taken_for_one(address):
    with pytest.raises(ValueError, match="does not appear to be"):
        is_public(address)


@pytest.mark.parametrize(
    ("listed", "url"),
    [
        ("nas", "http://nas/"),
        ("nas", "https://nas/a"),
        ("NAS.", "http://nas/"),
        ("nas:8080", "https://nas:8080/"),
        ("[::1]:8888", "http://[0::1]:8888/search"),
        ("127.0.0.1:8888", "http://127.0.0.1:8888/"),
        ("bücher.example", "http://xn--bcher-kva.example"),
    ],
)
def test_a_server_is_listed_by_its_host_and_port(listed, url):
    assert is_listed(target_of(url), ["x.example", listed])


@pytest.mark.parametrize(
    ("listed", "url"),
    [
        ("nas", "http://nas:8080/"),
        ("nas:8080", "http://nas/"),
        ("nas:8080", "http://nas:8081/"),
        ("nas", "http://nas.example/"),
        ("example", "http://nas.example/"),
        ("127.0.0.1:8888", "http://127.1:8888/"),
        ("127.0.0.1:8888", "http://localhost:8888/"),
        ("127.0.0.1:8888", "http://[::ffff:127.0.0.1]:8888/"),
        ("", "http://nas/"),
        ("[", "http://nas/"),
        ("*", "http://nas/"),
        ("ada@nas", "http://nas/"),
        ("http://nas", "http://nas/"),
    ],
)
def test_another_server_or_port_is_not_listed(listed, url):
    assert not is_listed(target_of(url), [listed])
