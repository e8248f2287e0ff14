"""The system's own way of opening things, played by programs that only write down how they were called."""

from pathlib import Path

from support.private_bus import until

RECORD = """#!/bin/sh
{ echo "$0"; printf '%s\\n' "$@"; echo "token=$XDG_ACTIVATION_TOKEN"; } >"$0.part"
exec /bin/mv "$0.part" "$0.called"
"""
REFUSE = "#!/bin/sh\necho 'no such thing' >&2\nexit 4\n"


class Opener:
    """A folder of programs, which is all that a test's PATH names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, name: str, text: str = RECORD) -> None:
        """Have a program."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    async def called(self, name: str) -> tuple[list[str], str]:
        """The arguments and the activation token of the call of a program; waits for it."""
        record = self.folder / f"{name}.called"
        await until(record.exists)
        _, *arguments, token = record.read_text().splitlines()
        return arguments, token.removeprefix("token=")

    def was_called(self) -> bool:
        """Whether any program was called so far."""
        return any(self.folder.glob("*.called"))
