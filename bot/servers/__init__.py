"""The students' PostgreSQL servers: what is asked of them, and what they answer."""
