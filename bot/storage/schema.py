"""What all tables share: the names of their constraints, and two kinds of checks."""

from collections.abc import Iterable

from sqlalchemy import CheckConstraint, MetaData

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(word) for word in words)})", name=column)


def together(name: str, *columns: str) -> CheckConstraint:
    first, *others = (f"({column} IS NULL)" for column in columns)
    return CheckConstraint(" AND ".join(f"{first} = {other}" for other in others), name=name)
