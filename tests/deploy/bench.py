"""Where the files are that are looked at, and the tools that look."""

import shutil
import sys
from pathlib import Path


class Missing(Exception):
    """A tool is not there: the check is not made, and that is said."""


class Bench:
    """Where the files are, and the tools."""

    def __init__(self, root, promtool):
        self.root = root
        self.deploy = root / "deploy"
        self.promtool_path = promtool

    def tool(self, name):
        """A program beside this Python or on the path."""
        found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
        if not found:
            raise Missing(name)
        return found

    @property
    def promtool(self):
        if self.promtool_path:
            return str(self.promtool_path)
        return self.tool("promtool")
