"""Which objects the bot is made of: each is built once, here, and handed to those that need it."""
