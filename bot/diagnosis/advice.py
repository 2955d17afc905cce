"""What each client does with connections, and the setting or line that stops it; told by a session's name or by the look of a pasted text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.servers.clients import client_of


@dataclass(frozen=True, slots=True)
class Advice:
    """One client: `opens` and `remedy` are whole sentences in plain text; `source` is where both were found."""

    client: str
    """As `servers.clients` names it where a session's name tells it."""
    opens: str
    remedy: str
    source: str
    looks: str = ""
    """Pattern over a pasted text, whatever its case."""
    sessions: tuple[str, ...] = ()
    """What `servers.clients` names such sessions, where it is not the client's name."""


# The more special come first: a notebook's error is SQLAlchemy's too, and that one psycopg's.
CLIENTS: Sequence[Advice] = (
    Advice(
        "pgAdmin",
        "pgAdmin holds one connection for each database opened in its tree and one more for each Query Tool tab, even after its window was closed.",
        "Close the Query Tool tabs, then right-click the server in the tree and choose to disconnect it.",
        "https://github.com/pgadmin-org/pgadmin4/issues/7464; pgadmin4 docs/en_US/tree_control.rst, query_tool.rst",
        r"\bpgadmin|unable to connect to server:",
    ),
    Advice(
        "DBeaver",
        "DBeaver opens a connection for its tree, one for metadata, and one for each SQL editor.",
        "In the connection's settings set both Metadata and SQL Editor: open separate connection to Never.",
        "https://dbeaver.com/docs/dbeaver/Separate-Connections",
        r"\bdbeaver|\bsql error \[\w{5}\]",
    ),
    Advice(
        "DataGrip",
        "DataGrip opens a connection for each of its sessions, and a query console or a table that is open can have one of its own.",
        "Open View, Tool Windows, Services and disconnect the sessions you do not need.",
        "https://www.jetbrains.com/help/datagrip/managing-connection-sessions.html",
        r"\bdatagrip|^\[\d{5}\] ",
    ),
    Advice(
        "VS Code",
        "VS Code's PostgreSQL extensions keep a connection for each editor that was connected, and one for their tree.",
        "Disconnect the server in the extension's tree, or close VS Code.",
        "https://github.com/microsoft/vscode-postgresql",
        r"\bvs ?code|visual studio code|\bsqltools\b",
    ),
    Advice(
        "Jupyter",
        "A notebook's kernel keeps its connections until it is shut down, closed browser tabs or not.",
        "Run %sql --close with the connection's name (%sql --connections lists them), or shut the kernel down.",
        "https://github.com/ploomber/jupysql/blob/master/doc/api/magic-sql.md",
        r"\bjupyter|\bipython\b|\bipykernel|%%?sql\b|connection info needed in sqlalchemy format|\bjupysql",
    ),
    Advice(
        "Django",
        "Django opens a connection for each thread that serves a request, and keeps it where CONN_MAX_AGE is set.",
        "Set CONN_MAX_AGE to 0 in DATABASES, its default, and stop servers you left running.",
        "Django docs/ref/databases.txt, Persistent connections",
        r"\bdjango",
    ),
    Advice(
        "SQLAlchemy",
        "An SQLAlchemy engine keeps up to 5 connections open and adds up to 10 under load, for each process.",
        "Make one engine only, with create_engine(url, poolclass=NullPool) or pool_size=1, max_overflow=0, and close each session.",
        "SQLAlchemy lib/sqlalchemy/pool/impl.py, QueuePool; https://sqlalchemy.org/docs/core/pooling.html",
        r"sqlalche|queuepool",
    ),
    Advice(
        "psycopg_pool",
        "A psycopg pool opens 4 connections at once and keeps them.",
        "Make one pool only, with min_size=1, max_size=2, and take connections by with pool.connection().",
        "https://github.com/psycopg/psycopg/blob/master/psycopg_pool/psycopg_pool/pool.py",
        r"\bpsycopg_pool|\bpooltimeout\b|couldn't get a connection after",
    ),
    Advice(
        "HikariCP",
        "HikariCP opens 10 connections at once and keeps them all, for each program you start.",
        "Set maximumPoolSize to 2 (in Spring Boot: spring.datasource.hikari.maximum-pool-size=2), and stop programs you left running.",
        "https://github.com/brettwooldridge/HikariCP#gear-configuration-knobs-baby",
        r"\bhikari",
    ),
    Advice(
        "JDBC",
        "Each DriverManager.getConnection opens a connection that stays until it is closed or the program ends.",
        "Open connections in try (Connection c = …) { … }, and stop programs you left running.",
        "https://docs.oracle.com/javase/tutorial/jdbc/basics/processingsqlstatements.html",
        r"org\.postgresql\.|\bpsqlexception|\bjdbc\b",
        ("PostgreSQL JDBC Driver",),
    ),
    Advice(
        "Npgsql",
        "Npgsql keeps a pool of up to 100 connections for each connection string.",
        "Put Maximum Pool Size=2 into the connection string, and open connections with await using.",
        "npgsql src/Npgsql/NpgsqlConnectionStringBuilder.cs, MaxPoolSize",
        r"\bnpgsql",
    ),
    Advice(
        "Prisma",
        "Each PrismaClient has a pool of connections of its own, sized by the processors of your computer.",
        "Make one PrismaClient only, and add ?connection_limit=2 to its URL (since Prisma 7: max in the driver's options).",
        "https://www.prisma.io/docs/v6/orm/prisma-client/setup-and-configuration/databases-connections/connection-pool",
        r"\bprisma",
    ),
    Advice(
        "Knex",
        "Knex keeps at least 2 connections open, and up to 10.",
        "Set pool: { min: 0, max: 2 }, and call knex.destroy() when you are done.",
        "https://github.com/knex/knex/blob/master/docs/src/guide/index.md",
        r"\bknex",
    ),
    Advice(
        "node-postgres",
        "A Pool of node-postgres opens up to 10 connections, and each new Pool or Client opens its own.",
        "Make one Pool for the whole program, with max: 2, release each client, and call pool.end() at the end.",
        "node-postgres docs/pages/apis/pool.mdx",
        r"pg-protocol|pg-pool|node_modules[/\\]pg\b|\bpostgreserror:",
    ),
    Advice(
        "asyncpg",
        "A pool of asyncpg opens 10 connections at once.",
        "Use create_pool(min_size=1, max_size=2), or a single connect() that you close.",
        "https://github.com/MagicStack/asyncpg/blob/master/asyncpg/pool.py",
        r"\basyncpg",
    ),
    Advice(
        "Go",
        "Go's sql.DB opens a connection whenever all of its own are in use, without a limit.",
        "Call db.SetMaxOpenConns(2), keep one sql.DB for the whole program, and close each Rows.",
        "https://go.dev/doc/database/manage-connections",
        r"\bpq: |\bpgx|failed to connect to `",
    ),
    Advice(
        "PHP",
        "A persistent connection of PHP outlives the page that opened it, one for each worker of the web server.",
        "Leave PDO::ATTR_PERSISTENT and pg_pconnect out, and set the connection to null when the page is done.",
        "https://www.php.net/manual/en/pdo.connections.php",
        r"\bpdoexception|\bpg_p?connect\b|sqlstate\[\w{5}\] \[7\]|\.php\b",
    ),
    Advice(
        "R",
        "Each dbConnect() opens a connection that stays until dbDisconnect() or the end of the R session.",
        "Call DBI::dbDisconnect(con) when you are done, or restart R.",
        "https://search.r-project.org/CRAN/refmans/DBI/html/dbDisconnect.html",
        r"\brpostgres|\brpostgresql\b|\bdbconnect\b|\bdbi::",
    ),
    Advice(
        "psycopg",
        "A connection of psycopg stays open until it is closed, and psycopg2's with block does not close it.",
        "Call conn.close() when you are done (with psycopg 3: with psycopg.connect(…) as conn), and stop notebooks and scripts you left running.",
        "psycopg docs/basic/usage.rst, Connection context",
        r"\bpsycopg",
    ),
    Advice(
        "psql",
        "Each psql in each window holds one connection until it ends.",
        "End the ones you do not need with \\q; look in other terminals, tmux and screen too.",
        "https://www.postgresql.org/docs/current/app-psql.html",
        r"\bpsql\b",
    ),
)  # fmt: skip

_BY_SESSION = {name.lower(): one for one in CLIENTS for name in (one.client, *one.sessions)}
_LOOKS = tuple((re.compile(one.looks, re.IGNORECASE | re.MULTILINE), one) for one in CLIENTS if one.looks)


def for_session(application_name: str) -> Advice | None:
    """Return the advice for the program behind a session's `application_name`."""
    return _BY_SESSION.get(client_of(application_name).name.lower())


def of_client(client: str) -> Advice | None:
    """Return the advice for a client by its own name here."""
    return next((one for one in CLIENTS if one.client == client), None)


def for_text(text: str) -> Advice | None:
    """Return the advice for the client that a pasted error looks like."""
    return next((advice for pattern, advice in _LOOKS if pattern.search(text)), None)
