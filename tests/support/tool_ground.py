"""What tools meet in tests: a web server of one's own, and PDF files."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def server_of(pages):
    """A server on this machine; ``pages`` maps a path to (status, headers, body). Gives its address.

    A body that is an event is an answer that does not end before the event is set.
    """
    asked, named = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            named.append(self.headers["Host"])
            status, headers, body = pages.get(self.path.split("?")[0], (404, {}, b"no"))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if isinstance(body, threading.Event):
                self.wfile.write(b"so it begins")
                self.wfile.flush()
                body.wait(30)
            else:
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.named = asked, named
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        server.host = f"127.0.0.1:{server.server_port}"
        server.address = f"http://{server.host}"
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def pdf_of(*pages):
    """A PDF with one line of text on each page, as bytes."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    body = "%PDF-1.4\n"
    starts = []
    for number, each in enumerate(objects, 1):
        starts.append(len(body))
        body += f"{number} 0 obj\n{each}\nendobj\n"
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    size = len(objects) + 1
    return (
        f"{body}xref\n0 {size}\n0000000000 65535 f \n{table}"
        f"trailer << /Root 1 0 R /Size {size} >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode()
