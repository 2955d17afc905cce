"""The browser, and a workspace whose page is looked at in it."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser import Tabs, browser, browser_page, tabs
from tests.pages import Stage, a_stage

__all__ = ["browser", "browser_page", "tabs"]

COMPARE = Path("bot/workspace/page/compare.sh").resolve()


@pytest_asyncio.fixture(loop_scope="session")
async def stage(tabs: Tabs) -> AsyncIterator[Stage]:
    """A stage with its app connected."""
    async with a_stage(tabs) as ready:
        yield ready
        assert ready.workspace.complaints == []


@pytest.fixture(scope="session")
def built_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page built anew from its sources and locked packages; without npm or network skipped, and failing in CI."""
    folder = tmp_path_factory.mktemp("page")
    npm = shutil.which("npm")
    reason = "npm is not on PATH (Debian: apt-get install nodejs npm)"
    if npm is not None:
        built = subprocess.run([COMPARE, folder], capture_output=True, text=True, check=False)
        if (folder / "dist").is_dir():
            return folder
        reason = f"the page could not be built: {built.stderr.strip()[-2000:]}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def axe(built_page: Path) -> str:
    """The accessibility checker's script, from the page's locked packages."""
    return (built_page / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
