"""An admission webhook over HTTPS on loopback, for claims about how a server asks one."""

import json
import ssl
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from simulator.face.certificates import self_made

Json = dict[str, Any]
Handler = Callable[[Json], Json]


class WebhookServer:
    """Answers each AdmissionReview by ``handler``, which gets the request and gives the response.

    Args:
        handler: its response may have a field ``after``: the seconds until the answer is sent.
        speed: how fast the server's time passes.
    """

    def __init__(self, handler: Handler, *, speed: float = 1.0) -> None:
        made = self_made("127.0.0.1", time.time())
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _bound(handler, speed))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "both.pem"
            file.write_bytes(made.key + made.certificate)
            context.load_cert_chain(file)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.client_config = {
            "url": f"https://127.0.0.1:{self._server.server_port}/",
            "caBundle": b64encode(made.certificate).decode(),
        }

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _bound(handler: Handler, speed: float) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            response = {"uid": review["request"]["uid"], **handler(review["request"])}
            time.sleep(response.pop("after", 0.0) / speed)
            data = json.dumps({**review, "response": response}).encode()
            with suppress(OSError):  # who asked has given up
                self._say(data)

        def _say(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Answering
