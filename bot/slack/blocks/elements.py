"""The parts messages are built of, within Slack's limits; text comes in ready, foreign text through `text`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.slack import ids
from bot.slack.blocks.text import Block, Message, sentences, spelled

SECTION_LIMIT = 3000
OPTION_LIMIT = 75
LABEL_LIMIT = 75
OPTIONS_IN_A_LIST = 10
BLOCKS_LIMIT = 50
WHOLE_LIMIT = 12_500
"""Characters of all blocks as JSON; Slack's own limit is not published, refusals were seen from about 13,200 on."""

DANGER = "danger"
PRIMARY = "primary"


def mrkdwn(text: str) -> Block:
    """A text object whose mentions, links and times are those written into it and no others."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str, accessory: Block | None = None) -> Block:
    """A paragraph, shown whole; a button may stand beside it."""
    block: Block = {"type": "section", "text": mrkdwn(text), "expand": True}
    return block if accessory is None else {**block, "accessory": accessory}


def sections(lines: Sequence[str], separator: str = "\n") -> list[Block]:
    """As few paragraphs as hold all of `lines`."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + len(separator) + len(line) <= SECTION_LIMIT:
            texts[-1] += separator + line
        else:
            texts.append(line)
    return [section(text) for text in texts]


def header(text: str) -> Block:
    """A title within a view."""
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def context(text: str) -> Block:
    """A side remark in small print."""
    return {"type": "context", "elements": [mrkdwn(text)]}


def button(label: str, action_id: str, value: str, *, spoken: str | None = None, style: str | None = None) -> Block:
    """A button; `spoken` is what a screen reader says instead of `label`, and begins with it."""
    block: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "action_id": action_id,
        "value": value,
    }
    if spoken is not None:
        block["accessibility_label"] = spoken
    if style is not None:
        block["style"] = style
    return block


def link_button(label: str, action_id: str, url: str) -> Block:
    """A button that opens an address; Slack tells us of clicks on it, and wants no more than to hear that we heard."""
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "action_id": action_id,
        "url": url,
    }


def buttons(*elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(elements)}


def option(text: str, description: str, value: str) -> Block:
    """One box of a checklist."""
    return {"text": mrkdwn(text), "description": mrkdwn(description), "value": value}


def checklists(group: int, options: Sequence[Block]) -> list[Block]:
    """The boxes of one role, in as many checklists as Slack's ten options each ask for."""
    parts = [options[at : at + OPTIONS_IN_A_LIST] for at in range(0, len(options), OPTIONS_IN_A_LIST)]
    return [
        {
            "type": "actions",
            "block_id": ids.choices_block(group, part),
            "elements": [{"type": "checkboxes", "action_id": ids.CHOOSE, "options": list(boxes)}],
        }
        for part, boxes in enumerate(parts)
    ]


def ask_again(proposal_id: str) -> Block:
    """The button that proposes the same with fresh facts."""
    return buttons(button("Ask again", ids.ASK_AGAIN, proposal_id))


def message(told: Sequence[str], blocks: Sequence[Block]) -> Message:
    """Put `blocks` together with the sentences that say the same: as many as fit, the most important first."""
    spoken = [spelled(sentence) for sentence in told]
    return Message(sentences(spoken, lambda count: f"({count:,} more in the message itself.)"), tuple(blocks))


def fits(whole: Message) -> bool:
    """Say whether Slack takes so many and so long blocks in one message."""
    return len(whole.blocks) <= BLOCKS_LIMIT and len(whole.drawn) <= WHOLE_LIMIT


def first_that_fits(tries: Iterable[Message]) -> Message:
    """The first message that Slack takes, else the last; no further one is made."""
    for one in tries:
        if fits(one):
            break
    return one


def without_charts(whole: Message) -> Message:
    """The same without Slack's charts, for where they are not taken."""
    return replace(whole, blocks=tuple(block for block in whole.blocks if block["type"] != "data_visualization"))


def short(text: str, *more: Block) -> Message:
    """Put a few lines, and what may stand below them, into a message."""
    lines = text.split("\n")
    return message(lines, (*sections(lines), *more))
