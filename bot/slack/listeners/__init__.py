"""One file a command: acknowledge, parse, call, answer."""
