"""Every id by which a click finds its listener, or a listener the element that was clicked."""

import re

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

MY_CONNECTIONS = "my_connections"
"""Button of an incident's answer: show whoever clicks what they have there; value: the incident's id, as of the next three."""
HAVE_THIS_TOO = "have_this_too"
"""Button of an incident's answer: it keeps me out as well."""
STAFF_TOOLS = "staff_tools"
"""Button of an incident's answer and of the staff's card: what a person with a grade can do about it."""
RESOLVE_INCIDENT = "resolve_incident"
"""Button of the staff's card and of the staff's tools: it is over."""
IM_IN = "im_in"
"""Button of a resolution: I am in again; value: the incident and its occasion."""
STILL_STUCK = "still_stuck"
"""Button of a resolution: I am not, so it is not over; the same value."""
WHICH_ROLE = "which_role"
"""Buttons of a private question, one a role, numbered: this one of mine is kept out."""
ANOTHER_ROLE = "another_role"
"""Button of the same question: it is none of these; value: whose question it is, and the server where that is known."""
WHICH_SERVER = "which_server"
"""Buttons of a private question, one a server, numbered: this one is meant."""
PICTURE_SAYS_SO = "picture_says_so"
"""Button under a picture: it says *too many connections*; value: whose picture it is, and where."""
PICTURE_OTHER = "picture_other"
"""Button under a picture: it says something else."""
OPEN_THREAD = "open_thread"
"""Button with a link to a conversation; a click on it is only acknowledged."""

HOME_AGAIN = "home_again"
"""Button of the Home tab: look again; as of every action there, the tab is drawn anew."""
HOME_CONNECTIONS = "home_connections"
"""Button of the Home tab: one's own connections, in a modal."""

HOME_ADD = "home_add"
"""Button of the Home tab: a modal to put somebody on the allow-list."""
HOME_REMOVE = "home_remove"
"""Button of the Home tab: a modal to take somebody off it."""
HOME_IMPORT = "home_import"
"""Button of the Home tab: a modal to import the class list."""
ADD_MODAL = "home_add_modal"
REMOVE_MODAL = "home_remove_modal"
IMPORT_MODAL = "home_import_modal"
"""The modal in which the class list is chosen."""
STORE_MODAL = "home_store_modal"
"""The modal that shows what it comes to, and stores it."""
WHO_FIELD = "who"
GRADE_FIELD = "grade"
ROLES_FIELD = "roles"
UNTIL_FIELD = "until"
FILE_FIELD = "file"
EMAIL_FIELD = "email"
TEMPLATE_FIELD = "template"
STATUS_FIELD = "status"
REPLACE_FIELD = "replace"
SUMMARY_NAMES = "summary_names"
"""Button of a week's summary: which roles were full, for instructors; value: the server and the week."""

HISTORY_OLDER = "history_older"
"""Button below a page of history: the next one; value: what was asked for, and how far it was read."""
HISTORY_NEWEST = "history_newest"
"""The same for the first one."""
INCIDENT_DETAILS = "incident_details"
"""Button beside an incident of the history: all that is known of it; value: its id."""

REPORT_SHORTCUT = "report_trouble"
"""Message shortcut **Report connection error**."""
RESOLVE_SHORTCUT = "resolve_incident"
"""Message shortcut **Resolve incident**."""
STAFF_TOOLS_MODAL = "staff_tools_modal"
"""The modal that **Staff tools** opens."""
ROLE_MODAL = "role_modal"
"""The modal in which somebody types which role is kept out."""
ROLE_FIELD = "role"
"""Its field for the name, block and element."""
SERVER_FIELD = "server"
"""Its menu of servers, block and element; an option's value is the server's place among them."""

ASK_TO_VOUCH = "ask_to_vouch"
"""Button beside the line that proves a role: **Ask staff to vouch**; value: the request."""
VOUCH = "vouch"
"""Button of the card for staff: the role is the claimant's; value: the request."""
NOT_THEIRS = "not_theirs"
"""Button of the card for staff: it is not."""

TERMINATE_BECAUSE = "terminate_because"
"""Button of a confirmation of what is in use: ask for the reason, then end it."""
IN_USE = "in_use"
"""Button of the question to an owner: **I am using it**."""
CLOSE_IT = "close_it"
"""Button of the question to an owner: **Close it**."""
OVERRIDE = "override"
"""Button of what waits for an owner: go on without the answer, for a reason."""
REASON_MODAL = "reason_modal"
"""The modal in which staff say why what is in use is to end."""
OVERRIDE_MODAL = "override_modal"
"""The modal in which staff say why an owner's answer is not waited for."""
REASON = "reason"
"""The field of both."""

ACTIONS = (
    *(TERMINATE_CHOSEN, TERMINATE_STRAYS, CLOSE, CLOSE_CLIENT, CHOOSE, TERMINATE, WITHDRAW, ASK_AGAIN),
    *(TERMINATE_BECAUSE, IN_USE, CLOSE_IT, OVERRIDE),
)
LINK_ACTIONS = (ASK_TO_VOUCH, VOUCH, NOT_THEIRS)
INCIDENT_ACTIONS = (
    MY_CONNECTIONS,
    HAVE_THIS_TOO,
    STAFF_TOOLS,
    RESOLVE_INCIDENT,
    IM_IN,
    STILL_STUCK,
    WHICH_ROLE,
    ANOTHER_ROLE,
    WHICH_SERVER,
    PICTURE_SAYS_SO,
    PICTURE_OTHER,
)

HOME_WEEK = "home_week"
"""Buttons of the Home tab, numbered: a week's summary, in a modal; value: the server and the week."""
HISTORY_ACTIONS = (HISTORY_OLDER, HISTORY_NEWEST, INCIDENT_DETAILS)
HOME_ACTIONS = (HOME_AGAIN, HOME_CONNECTIONS, HOME_ADD, HOME_REMOVE, HOME_IMPORT, HOME_WEEK)
SUMMARY_ACTIONS = (SUMMARY_NAMES,)


def numbered(action_id: str, number: int) -> str:
    """Return the id of one of several buttons that do the same with different values, since a row holds each id once."""
    return f"{action_id}:{number}"


def any_number(action_id: str) -> re.Pattern[str]:
    """Return what matches the ids of all of them, to bind their listener by."""
    return re.compile(rf"{re.escape(action_id)}:[0-9]{{1,3}}")


def choices_block(group: int, part: int) -> str:
    """Return the id of the block that holds the `part`-th checklist of a listing's `group`-th role."""
    return f"choose:{group}:{part}"


def is_choices_block(block_id: object, group: int) -> bool:
    """Say whether a block id is that of a checklist of the `group`-th role."""
    return isinstance(block_id, str) and block_id.startswith(f"choose:{group}:")
