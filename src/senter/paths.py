"""Where Senter's files are.

Every function reads the environment when it is called and creates nothing. ``StateDirectory=`` is not used:
on systemd 252 a user unit's state directory is its configuration directory (systemd.exec(5)).
"""

from pathlib import Path

import platformdirs

APPLICATION = "senter"


def config_file() -> Path:
    """The user's settings, ``~/.config/senter/config.toml`` on Linux; it need not exist."""
    return Path(platformdirs.user_config_dir(APPLICATION)) / "config.toml"


def data_folder() -> Path:
    """The folder of databases and focuses, ``~/.local/share/senter`` on Linux; it need not exist."""
    return Path(platformdirs.user_data_dir(APPLICATION))


def models_folder() -> Path:
    """The folder of language models, ``*.gguf``; it need not exist."""
    return data_folder() / "models"


def workspace_folder() -> Path:
    """The folder below which goals may write files; it need not exist."""
    return data_folder() / "workspace"


def reports_folder() -> Path:
    """The folder of the reports of goals; it need not exist."""
    return data_folder() / "focuses" / "research"


def digests_folder() -> Path:
    """The folder of digests as pages; it need not exist."""
    return data_folder() / "digests"


def runtime_folder() -> Path:
    """The folder of sockets, gone after the user has logged out; it need not exist."""
    return Path(platformdirs.user_runtime_dir(APPLICATION))
