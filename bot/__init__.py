"""connbot: a Slack bot with which the staff and students of a database course free PostgreSQL connection slots."""
