"""The record: one chain of entries in which a changed, removed or inserted one is found.

An entry's digest is HMAC(key, previous digest, seq, time, content), where content is SHA-256(salt ‖ payload) and the
payload is canonical JSON that holds the actor and the kind too. Forgetting removes payload and salt: what was said is gone,
what followed upon what is still proved.
"""

import contextlib
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import UsageError
from bot.storage.columns import storable
from bot.storage.engine import OwnDatabase
from bot.storage.tables import record, record_head

FORGET = "forget"
NOTHING = "0" * 64
"""The digest before the first entry."""
_PAGE = 1000
_COPIES = ("team", "actor", "server", "role")
_LOCKED = select(record_head.c.seq, record_head.c.digest).with_for_update().cte("head")
# The lock first, then what is read beside it: so the time of an entry is not before that of the one it waited for.
_HEAD = select(_LOCKED.c.seq, _LOCKED.c.digest)
_MOVE_HEAD = update(record_head).values(seq=bindparam("new_seq"), digest=bindparam("new_digest"))
_INSERT = insert(record)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the chain, as it was written."""

    seq: int
    at: datetime
    digest: str


class Record:
    """Writes the chain; without a key whoever may write the database may also write the whole chain anew."""

    def __init__(self, key: bytes | None) -> None:
        self.key = key or b""

    @property
    def keyed(self) -> bool:
        """Whether entries are proved by a key that is not in the database."""
        return bool(self.key)

    @contextlib.asynccontextmanager
    async def turn(self, db: OwnDatabase) -> "AsyncIterator[Turn]":
        """Open a transaction in which nobody else appends, so that the chain's order is the order of the decisions."""
        async with db.write() as connection:
            head = (await connection.execute(db.timed(_HEAD))).one()
            yield Turn(self.key, connection, head.now, (head.seq, head.digest))

    async def append(
        self, connection: AsyncConnection, now: datetime, actor: str, kind: str, payload: Mapping[str, object]
    ) -> Entry:
        """Append one entry in the caller's transaction; see `Turn.append`."""
        return await Turn(self.key, connection, now, await self._lock(connection)).append(actor, kind, payload)

    async def _lock(self, connection: AsyncConnection) -> tuple[int, str]:
        head = (await connection.execute(_HEAD)).one()
        return head.seq, head.digest

    async def forget(
        self, connection: AsyncConnection, now: datetime, actor: str, seqs: Collection[int]
    ) -> Entry | None:
        """Remove what the entries `seqs` say and keep their digests; an entry itself. None: there was nothing to forget."""
        turn = Turn(self.key, connection, now, await self._lock(connection))
        standing = record.c.seq.in_(seqs) & record.c.payload.is_not(None) & (record.c.kind != FORGET)
        found = (await connection.execute(select(record.c.seq).where(standing).order_by(record.c.seq))).scalars().all()
        if not found:
            return None
        gone = dict.fromkeys(("payload", "salt", *_COPIES))
        await connection.execute(update(record).where(standing).values(gone))
        return await turn.append(actor, FORGET, {"forgotten": list(found)})

    async def verify(self, connection: AsyncConnection, *, head: str | None = None) -> "Verified | Broken":
        """Prove the whole chain from its first entry; `head` (`SEQ:DIGEST`, as told before) finds a cut-off end too."""
        chain = _Chain(self.key)
        while True:
            page = select(record).where(record.c.seq > chain.seq).order_by(record.c.seq).limit(_PAGE)
            try:
                rows = (await connection.execute(page)).all()
            except ValueError:
                # Something that is no time stands where one was written.
                return Broken(chain.seq + 1, "changed")
            for row in rows:
                broken = chain.follow(row)
                if broken:
                    return broken
            if len(rows) < _PAGE:
                break
        stored = (await connection.execute(select(record_head.c.seq, record_head.c.digest))).first()
        wanted = _parse_head(head) if head is not None else None
        if wanted and await self._digest_at(connection, wanted[0]) != wanted[1]:
            return Broken(wanted[0], "not_the_head_told")
        return chain.end(stored and (stored.seq, stored.digest))

    async def _digest_at(self, connection: AsyncConnection, seq: int) -> str | None:
        if seq == 0:
            return NOTHING
        return (await connection.execute(select(record.c.digest).where(record.c.seq == seq))).scalar_one_or_none()


class Turn:
    """A transaction that holds the head of the chain: `connection` to read and write with, `at` its time."""

    def __init__(self, key: bytes, connection: AsyncConnection, at: datetime, head: tuple[int, str]) -> None:
        self.connection = connection
        self.at = at
        self._key = key
        self._head = head

    async def append(self, actor: str, kind: str, payload: Mapping[str, object]) -> Entry:
        """Append one entry; `payload` is what JSON can say, and it is looked up by its `team`, `server` and `role`."""
        (entry,) = await self.append_all(actor, kind, [payload])
        return entry

    async def append_all(self, actor: str, kind: str, payloads: Iterable[Mapping[str, object]]) -> tuple[Entry, ...]:
        """Append an entry for each of `payloads`, in order."""
        rows = []
        for payload in payloads:
            rows.append(_row(self._key, self._head, self.at, _whole(actor, kind, payload)))
            self._head = rows[-1]["seq"], rows[-1]["digest"]
        if rows:
            await self.connection.execute(_INSERT, rows)
            await self.connection.execute(_MOVE_HEAD, {"new_seq": self._head[0], "new_digest": self._head[1]})
        return tuple(Entry(row["seq"], self.at, row["digest"]) for row in rows)


@dataclass(frozen=True, slots=True)
class Verified:
    """The chain holds; `head` is `SEQ:DIGEST`, to be kept where nobody who may write the database can change it."""

    entries: int
    forgotten: int
    head: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The chain does not hold from `seq` on; `why` is one of changed, missing, out_of_chain, forgotten, cut_off, not_the_head_told."""

    seq: int
    why: str


class _Chain:
    """Follows the entries in order and remembers what only a later entry can explain."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.seq = 0
        self.digest = NOTHING
        self._silent: set[int] = set()
        self._forgotten: set[int] = set()

    def follow(self, row: Row[Any]) -> Broken | None:
        """Check the next entry against the one before it."""
        if row.seq != self.seq + 1:
            return Broken(self.seq + 1, "missing")
        digest = chain_digest(self._key, self.digest, row.seq, row.at, row.content)
        if digest != row.digest:
            return Broken(row.seq, "out_of_chain")
        if row.payload is None:
            self._silent.add(row.seq)
        elif content_digest(row.salt, row.payload) != row.content:
            return Broken(row.seq, "changed")
        else:
            said = _read(row.payload)
            if any(storable(str(said.get(name))) != getattr(row, name) for name in (*_COPIES, "kind")):
                return Broken(row.seq, "changed")
            if row.kind == FORGET:
                self._forgotten.update(said.get("forgotten", ()))
        self.seq, self.digest = row.seq, row.digest
        return None

    def end(self, stored: tuple[int, str] | None) -> Verified | Broken:
        """Check what the whole chain must fulfil; `stored` is the head the database names."""
        if stored != (self.seq, self.digest):
            return Broken(self.seq + 1, "cut_off")
        unexplained = self._silent - self._forgotten
        if unexplained:
            return Broken(min(unexplained), "forgotten")
        return Verified(self.seq, len(self._silent), f"{self.seq}:{self.digest}")


def _read(payload: str) -> dict[str, Any]:
    try:
        said = json.loads(payload)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _parse_head(head: str) -> tuple[int, str]:
    seq, colon, digest = head.strip().partition(":")
    if not (colon and seq.isdecimal() and len(digest) == len(NOTHING)):
        raise UsageError("audit", "head")
    return int(seq), digest.lower()


def _row(key: bytes, head: tuple[int, str], now: datetime, whole: Mapping[str, object]) -> dict[str, Any]:
    seq, (salt, said) = head[0] + 1, (secrets.token_hex(16), canonical(whole))
    content = content_digest(salt, said)
    return {
        "seq": seq,
        "at": now,
        "kind": whole["kind"],
        **{name: whole[name] for name in _COPIES},
        "payload": said,
        "salt": salt,
        "content": content,
        "digest": chain_digest(key, head[1], seq, now, content),
    }


def _whole(actor: str, kind: str, payload: Mapping[str, object]) -> dict[str, object]:
    if not payload.keys().isdisjoint(("actor", "kind")):
        message = "a payload's actor and kind are the entry's own"
        raise ValueError(message)
    return {"team": "", "server": "", "role": "", **payload, "actor": actor, "kind": kind}


def canonical(value: object) -> str:
    """Write `value` as the one JSON text it has: sorted, without spaces, ASCII alone."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def content_digest(salt: str, payload: str) -> str:
    """SHA-256 of salt and payload: tells nothing of a payload whose salt is gone."""
    return hashlib.sha256(f"{salt}{payload}".encode()).hexdigest()


def chain_digest(key: bytes, previous: str, seq: int, at: datetime, content: str) -> str:
    """HMAC of all that makes an entry this one in this place."""
    return hmac.new(
        key, canonical([previous, seq, at.astimezone(UTC).isoformat(), content]).encode(), hashlib.sha256
    ).hexdigest()
