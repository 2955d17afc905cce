"""What an app says a view holds, checked as Slack checks it."""

import json
from typing import Any

from bot.workspace.block_kit.views import faults_in_view
from bot.workspace.block_kit.walk import with_ids
from bot.workspace.calls import Refused
from bot.workspace.model import Json

VIEW_BYTES_AT_MOST = 250_000


def read_view(given: Any, kind: str = "modal") -> Json:
    """A view's content with the ids that Slack fills in, or Refused in Slack's words."""
    faults = faults_in_view(given, kind=kind)
    if faults:
        words = [f"[ERROR] {fault.problem} [json-pointer:{fault.pointer}]" for fault in faults]
        raise Refused("invalid_arguments", response_metadata={"messages": words})
    if len(json.dumps(given, ensure_ascii=False).encode()) > VIEW_BYTES_AT_MOST:
        raise Refused("view_too_large")
    return {**given, "blocks": list(with_ids(given["blocks"]))}
