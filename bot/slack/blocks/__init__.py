"""Values to messages, one file a message; pure, and nothing is sent from here."""
