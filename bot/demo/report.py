"""The report: alice pastes what her program says, others say “same”, she closes what she left open, the thread says so."""

from bot.demo.classroom import LIMIT, Classroom
from bot.demo.narrator import Narrator
from bot.demo.stage import CHANNEL, FREE_FOR, STUDENT
from bot.workspace.model import Message
from bot.workspace.seed import make_id

OTHERS = ("bob", "carol")
"""Two who say “same”, and whose own roles have room."""


async def report(narrator: Narrator, classroom: Classroom) -> None:
    """Play it; alice is at her limit."""
    pasted = await _paste(narrator, classroom)
    answer = await _next_in_thread(narrator, pasted, STUDENT)
    narrator.step(
        f"{LIMIT} of {LIMIT}" in answer.text, f"the thread says what it means, and that {STUDENT}'s role is full"
    )
    for who in OTHERS:
        await _same(narrator, pasted, who)
    narrator.step(_said_in(narrator, pasted) == [answer.ts], "it is still one conversation with one answer")
    before = await classroom.sessions(STUDENT)
    listed = await narrator.clicks(STUDENT, "My connections", answer, "my_connections")
    asked = await narrator.clicks(STUDENT, "Terminate strays", listed, "terminate_strays")
    narrator.step(await classroom.sessions(STUDENT) == before, "nothing ended before the click")
    await narrator.clicks(STUDENT, "Terminate", asked, "terminate")
    left = await classroom.sessions(STUDENT)
    narrator.step(
        0 < len(left) < len(before) and left.items() <= before.items(), f"{len(left)} of {len(before)} are left"
    )
    narrator.step(await classroom.try_login(STUDENT) is None, f"{STUDENT} can connect again")
    over = await _next_in_thread(narrator, pasted, STUDENT, within=FREE_FOR + 10.0)
    narrator.step(f"<@{make_id('U', STUDENT)}>" in over.text, f"the thread says so, and mentions {STUDENT} who waited")
    outside = [one for one in narrator.workspace.messages(CHANNEL, OTHERS[0]) if one.app_id and not one.is_reply]
    narrator.step(not any(not one.ephemeral for one in outside), "the bot said nothing in the channel itself")


async def _paste(narrator: Narrator, classroom: Classroom) -> Message:
    refusal = await classroom.try_login(STUDENT)
    narrator.step(refusal is not None, f"{STUDENT}'s notebook is refused")
    narrator.say(f"{STUDENT} pastes in #{CHANNEL}: {refusal}")
    return narrator.workspace.say(STUDENT, CHANNEL, f"Help, my notebook says\n```{refusal}```")


async def _same(narrator: Narrator, pasted: Message, who: str) -> None:
    narrator.say(f"{who} writes in the thread: same")
    same = narrator.workspace.say(who, CHANNEL, "same", pasted.ts)
    await narrator.workspace.wait_for(lambda: _marked(narrator, same))
    narrator.step(_marked(narrator, same), f"the bot has seen it, and asks or tells {who} alone")
    await narrator.next(who, lambda one: one.ephemeral)


async def _next_in_thread(narrator: Narrator, root: Message, who: str, *, within: float = 5.0) -> Message:
    said = _said_in(narrator, root)
    return await narrator.next(
        who, lambda one: one.thread_ts == root.ts and not one.ephemeral and one.ts not in said, within=within
    )


def _said_in(narrator: Narrator, root: Message) -> list[str]:
    """What the bot has said to everybody in a thread."""
    seen = narrator.workspace.messages(CHANNEL, STUDENT)
    return [one.ts for one in seen if one.app_id and one.thread_ts == root.ts and not one.ephemeral]


def _marked(narrator: Narrator, message: Message) -> bool:
    now = narrator.workspace.state.message(message.channel, message.ts)
    return now is not None and "eyes" in dict(now.reactions)
