"""What is said about connections in chat, and what to answer."""
