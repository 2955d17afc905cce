"""The classroom (a throw-away PostgreSQL) and the story that is played in it."""
