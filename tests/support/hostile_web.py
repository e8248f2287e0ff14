"""Servers that mean harm, a proxy, and an internet that is on this machine."""

import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

connected_really = socket.create_connection


@contextmanager
def raw_server(answer):
    """A server that answers each request as ``answer(write, over)`` does; ``over`` is set when the test is over.

    ``write`` raises OSError when nobody reads any more. ``asked`` holds the head of each request.
    """

    def serve(connection, made):
        made.asked.append(_head(connection))
        answer(connection.sendall, made.over)

    with _serving(serve) as made:
        yield made


@contextmanager
def secure_server(certificate_file, answer):
    """A server with TLS that answers these bytes; ``names`` holds which server was asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file)
    names = []
    context.sni_callback = lambda _connection, name, _context: names.append(name)

    def serve(connection, made):
        with context.wrap_socket(connection, server_side=True) as secured:
            made.asked.append(_head(secured))
            secured.sendall(answer)

    with _serving(serve) as made:
        made.names = names
        yield made


@contextmanager
def proxy():
    """A proxy that makes tunnels; ``leads`` says for an address where it really goes.

    ``asked`` holds the head of each request; ``status`` is what it answers.
    """

    def serve(connection, made):
        made.asked.append(_head(connection))
        host, _, port = made.asked[-1].split(" ")[1].rpartition(":")
        if made.status != 200:
            connection.sendall(f"HTTP/1.1 {made.status} No\r\n\r\n".encode())
            return
        with connected_really(made.leads.get(host, (host, int(port)))) as far:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(far, connection))
            back.start()
            _pass_on(connection, far)
            back.join()

    with _serving(serve) as made:
        made.leads, made.status = {}, 200
        yield made


class Internet:
    """What names lead to, and which server of this machine plays which public address; all else is as it is.

    ``names`` holds for each name what it leads to each time it is looked up, the last for ever; ``servers`` the
    port by public address. ``connected`` is every address that a connection was sought to.
    """

    def __init__(self, monkeypatch):
        self.names = {}
        self.servers = {}
        self.connected = []
        self._look_up = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._addresses)
        monkeypatch.setattr(socket, "create_connection", self._connection)

    def _addresses(self, host, port, *rest, **options):
        if host not in self.names:
            return self._look_up(host, port, *rest, **options)
        answers = self.names[host]
        now = answers.pop(0) if len(answers) > 1 else answers[0]
        return [row for address in now for row in self._look_up(address, port, *rest, **options)]

    def _connection(self, address, *rest, **options):
        self.connected.append(address[0])
        if address[0] in self.servers:
            address = ("127.0.0.1", int(self.servers[address[0]]))
        return connected_really(address, *rest, **options)


def certificate(folder, *names):
    """The file of a key with a certificate for some names; the test is skipped where none can be made."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl to make a certificate with")
    key, public, both = folder / "key.pem", folder / "public.pem", folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "2", "-subj", "/CN=test", "-keyout", key, "-out", public),
            *("-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + public.read_bytes())
    return both


@contextmanager
def _serving(serve):
    """A server on this machine that does ``serve(connection, made)`` with each connection, one thread each."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    made = SimpleNamespace(
        asked=[], over=threading.Event(), port=port, host=f"127.0.0.1:{port}", address=f"http://127.0.0.1:{port}"
    )
    threads = []

    def work(connection):
        try:
            with connection:
                serve(connection, made)
        except OSError:
            return

    def accept():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=work, args=(connection,)))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield made
    finally:
        made.over.set()
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()
        listening.close()
        for thread in threads:
            thread.join()


def _head(connection):
    """What a client says up to the empty line."""
    said = b""
    while b"\r\n\r\n" not in said and (piece := connection.recv(4096)):
        said += piece
    return said.partition(b"\r\n\r\n")[0].decode()


def _pass_on(source, target):
    """All that comes from one connection to another, to its end."""
    try:
        while piece := source.recv(4096):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
