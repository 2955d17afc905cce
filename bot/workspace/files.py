"""Files: what people and apps upload, and who may have it."""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from bot.workspace.model import App, Json, User
from bot.workspace.refusals import NotPossible
from bot.workspace.state import State

FILE_AT_MOST = 4 << 20
"""Bytes of one file; Slack takes a gigabyte, this workspace keeps all of them in memory."""
MIMETYPES = {
    "csv": "text/csv",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "json": "application/json",
    "png": "image/png",
    "txt": "text/plain",
    "webp": "image/webp",
}


class FileRefused(Exception):
    """The file is not taken; the text is Slack's word for why."""


@dataclass(frozen=True, slots=True)
class File:
    """One file: what Slack says of it, and its bytes; None while they have not come."""

    about: Json
    content: bytes | None = None
    shared: bool = True
    """It is more than a place to upload to."""


class Files:
    """Keeps files as long as the workspace runs."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._files: dict[str, File] = {}
        self._awaited: dict[str, str] = {}

    def keep(self, owner: User, content: bytes, *, name: str, mimetype: str = "") -> Json:
        """Keep a person's file and return what Slack says of it; NotPossible where it is empty or too large."""
        if not 0 < len(content) <= FILE_AT_MOST:
            raise NotPossible(f"A file can have {FILE_AT_MOST >> 20} MB here, and not be empty.")
        about = self._about(owner.id, name, len(content), mimetype)
        self._files[about["id"]] = File(about, content)
        return about

    def find(self, identity: str) -> File | None:
        """A file that was uploaded; None where there is none."""
        found = self._files.get(identity)
        return found if found is not None and found.content is not None and found.shared else None

    def drop(self, identity: str) -> None:
        """Forget a file."""
        self._files.pop(identity, None)

    def chosen(self, user: User, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a modal's fields, each file in them as Slack tells of it; others' and unknown ones left out."""
        return {
            block: {action: self._of(user, entry) for action, entry in entries.items()}
            if isinstance(entries, Mapping)
            else entries
            for block, entries in values.items()
        }

    def _of(self, user: User, entry: Any) -> Any:
        if not isinstance(entry, Mapping) or entry.get("type") != "file_input":
            return entry
        listed = entry.get("files")
        ids = [each.get("id") for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
        found = [file for identity in ids if (file := self.find(str(identity))) is not None]
        return {**entry, "files": [file.about for file in found if file.about["user"] == user.id]}

    def begin(self, app: App, name: str, length: int) -> tuple[str, str]:
        """Make a place to upload to; the secret part of its address, and the file's id."""
        about = self._about(app.bot_user_id, name, length)
        token = secrets.token_urlsafe(24)
        self._files[about["id"]] = File(about, shared=False)
        self._awaited[token] = about["id"]
        return token, about["id"]

    def receive(self, token: str, content: bytes) -> None:
        """Take the bytes of a file that was begun; FileRefused where none is awaited, or not of this length."""
        identity = self._awaited.get(token)
        file = self._files.get(identity or "")
        if identity is None or file is None:
            raise FileRefused("file_not_found")
        if len(content) != file.about["size"]:
            raise FileRefused("file_upload_size_mismatch")
        del self._awaited[token]
        self._files[identity] = replace(file, content=content)

    def complete(self, app: App, wanted: Iterable[tuple[str, str | None]]) -> list[Json]:
        """Make uploads files, each with the title it is given; FileRefused unless all of them are the app's own and have come."""
        done = []
        for identity, title in wanted:
            file = self._files.get(identity)
            if file is None or file.content is None or file.about["user"] != app.bot_user_id:
                raise FileRefused("file_not_found")
            done.append(replace(file, about=file.about | {"title": title or file.about["title"]}, shared=True))
        self._files |= {file.about["id"]: file for file in done}
        return [file.about for file in done]

    def _about(self, owner: str, name: str, size: int, mimetype: str = "") -> Json:
        ts = self._state.next_ts()
        identity = f"F0{ts.replace('.', '')[-12:]}"
        kind = next((kind for kind, mime in MIMETYPES.items() if mime == mimetype), _ending(name))
        address = f"{self._state.url}files-pri/{identity}"
        name = name or f"file.{kind}"
        return {
            "id": identity,
            "created": int(ts.partition(".")[0]),
            "timestamp": int(ts.partition(".")[0]),
            "name": name,
            "title": name,
            "mimetype": mimetype or MIMETYPES.get(kind, "application/octet-stream"),
            "filetype": kind,
            "pretty_type": kind.upper(),
            "user": owner,
            "user_team": self._state.team.id,
            "editable": False,
            "size": size,
            "mode": "hosted",
            "is_external": False,
            "external_type": "",
            "is_public": True,
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": address,
            "url_private_download": f"{address}/download",
            "permalink": f"{self._state.url}files/{identity}",
            "file_access": "visible",
        }


def _ending(name: str) -> str:
    """How Slack calls the kind of a file, by its name."""
    ending = PurePosixPath(name).suffix.removeprefix(".").lower()
    if not re.fullmatch(r"[a-z0-9]{1,10}", ending):
        return "binary"
    return {"jpeg": "jpg", "text": "txt"}.get(ending, ending)
