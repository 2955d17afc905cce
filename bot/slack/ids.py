"""Every id by which a click finds its listener, or a listener the element that was clicked."""

TERMINATE_CHOSEN = "terminate_chosen"
"""Button of a listing: propose to end what is ticked in the same role's lists."""
TERMINATE_STRAYS = "terminate_strays"
"""Button of a listing: propose to end the role's strays."""
CLOSE = "close_own"
"""Button beside one of an owner's connections: propose to end it."""
CLOSE_CLIENT = "close_client"
"""Button beside one of a role's clients at a pooler: propose to end it."""
CHOOSE = "choose"
"""Checkboxes of a listing; a tick is only acknowledged, the buttons read them."""
TERMINATE = "terminate"
"""Button of a confirmation."""
WITHDRAW = "withdraw"
"""Button of a confirmation: **Cancel**."""
ASK_AGAIN = "ask_again"
"""Button of what lapsed, was interrupted, or found a changed session: propose the same with fresh facts."""

ACTIONS = (TERMINATE_CHOSEN, TERMINATE_STRAYS, CLOSE, CLOSE_CLIENT, CHOOSE, TERMINATE, WITHDRAW, ASK_AGAIN)


def choices_block(group: int, part: int) -> str:
    """Return the id of the block that holds the `part`-th checklist of a listing's `group`-th role."""
    return f"choose:{group}:{part}"


def is_choices_block(block_id: object, group: int) -> bool:
    """Say whether a block id is that of a checklist of the `group`-th role."""
    return isinstance(block_id, str) and block_id.startswith(f"choose:{group}:")
