"""What the browser is served is what the sources make, and is all that it needs."""

import re
from pathlib import Path

PAGE = Path("bot/workspace/page")


def test_the_built_page_is_what_its_sources_make(built_page: Path) -> None:
    for built in sorted((PAGE / "dist").iterdir()):
        assert built.read_bytes() == (built_page / "dist" / built.name).read_bytes(), f"run make page: {built}"


def test_the_page_asks_for_nothing_but_its_own_two_files() -> None:
    index = (PAGE / "dist" / "index.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|href)="([^"]+)"', index)
    assert [each for each in asked if not each.startswith("data:")] == ["/assets/page.css", "/assets/page.js"]
    style = (PAGE / "dist" / "page.css").read_text(encoding="utf-8")
    assert "@import" not in style
    assert re.findall(r"url\((?![\"']?data:)[^)]*\)", style) == []


def test_the_lock_names_no_address() -> None:
    assert "://" not in (PAGE / "package-lock.json").read_text(encoding="utf-8")


def test_every_package_in_the_page_is_there_with_its_licence() -> None:
    licences = (PAGE / "dist" / "LICENSES.txt").read_text(encoding="utf-8")
    for name in ("react ", "react-dom ", "slack-blocks-to-jsx ", "react-markdown ", "@yozora "):
        assert re.search(rf"^{re.escape(name)}", licences, re.MULTILINE), name
    assert "Licence: " not in licences
