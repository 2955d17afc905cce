"""A Slack workspace on this machine: Web API, Socket Mode, a page in the browser; it knows nothing of the bot."""
