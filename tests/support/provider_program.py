"""The scripted server as a program of its own, for tests of what systemd runs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support import session


class ProviderProgram:
    """A provider that follows a script, as ``openai_server.py`` has it, and writes down what happens."""

    def __init__(self, folder: Path, script: dict[str, Any], port: int = 0) -> None:
        self._log = folder / "provider.log"
        port_file, script_file = folder / "provider.port", folder / "provider.json"
        port_file.unlink(missing_ok=True)
        script_file.write_text(json.dumps(script))
        files = ["--port-file", port_file, "--script", script_file, "--log", self._log, "--port", port]
        program = session.REPOSITORY / "tests/support/openai_server.py"
        self._process = subprocess.Popen([sys.executable, program, *map(str, files)])
        session.until(port_file.exists, "the provider to listen")
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}/v1"

    def events(self, name: str) -> list[dict[str, Any]]:
        """What happened there so far: every ``request``, ``stall`` or ``disconnect``."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(session.DEADLINE)
