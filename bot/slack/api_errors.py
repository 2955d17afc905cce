"""What went wrong between us and Slack's Web API, in one word, and whether it may pass."""

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError)
"""Slack did not answer at all."""
FAILED = (SlackClientError, *UNREACHABLE)
"""Whatever a call of the SDK raises."""
PASSING = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
"""Slack's words for trouble of its own."""

NEVER = frozenset(
    {
        "thread_not_found",
        "message_not_found",
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "cannot_reply_to_message",
        "cant_update_message",
        "edit_window_closed",
        "user_not_found",
        "user_disabled",
        "cannot_dm_bot",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_non_threadable_channel",
    }
)
"""Slack's words for a place that takes nothing from us, or has gone; the same call will not succeed later."""


def why(exc: Exception) -> str:
    """Return Slack's own word for `exc`, else the HTTP status of what was no answer of Slack's, else the error's name."""
    if not isinstance(exc, SlackApiError):
        return type(exc).__name__
    # The SDK hands over JSON, text, nothing, or the bare response, as the answer came.
    data = getattr(exc.response, "data", exc.response)
    word = data.get("error") if isinstance(data, dict) else None
    return str(word) if word else f"HTTP {status(exc)}"


def status(exc: SlackApiError) -> int:
    """Return the HTTP status of the answer; 0 when there is none."""
    code = getattr(exc.response, "status_code", None) or getattr(exc.response, "status", None)
    return code if isinstance(code, int) else 0


def is_passing(exc: SlackApiError) -> bool:
    """Tell whether the same call may succeed later: trouble of Slack's, not a refusal of ours."""
    return status(exc) >= 500 or status(exc) == 429 or why(exc) in PASSING


def is_final(exc: Exception) -> bool:
    """Tell whether it is the place that takes nothing from us, or has gone."""
    return isinstance(exc, SlackApiError) and not is_passing(exc) and why(exc) in NEVER
