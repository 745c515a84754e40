"""SQL types of columns, by dialect and by what the format of the files can say."""

from __future__ import annotations

from target_s3.formats.columns import Column, ColumnKind

_TYPES = {
    "duckdb": {
        ColumnKind.TEXT: "VARCHAR",
        ColumnKind.INTEGER: "BIGINT",
        ColumnKind.NUMBER: "DOUBLE",
        ColumnKind.BOOLEAN: "BOOLEAN",
        ColumnKind.DATE: "DATE",
        ColumnKind.TIMESTAMP: "TIMESTAMPTZ",
    },
    "athena": {
        ColumnKind.TEXT: "string",
        ColumnKind.INTEGER: "bigint",
        ColumnKind.NUMBER: "double",
        ColumnKind.BOOLEAN: "boolean",
        ColumnKind.DATE: "date",
        ColumnKind.TIMESTAMP: "timestamp",
    },
    "spark": {
        ColumnKind.TEXT: "STRING",
        ColumnKind.INTEGER: "BIGINT",
        ColumnKind.NUMBER: "DOUBLE",
        ColumnKind.BOOLEAN: "BOOLEAN",
        ColumnKind.DATE: "DATE",
        ColumnKind.TIMESTAMP: "TIMESTAMP",
    },
}


def sql_type(column: Column, dialect: str, format_name: str) -> str:
    """Return the type of a column of files of a format."""
    if dialect == "athena" and _is_text(column, format_name):
        return "string"
    if column.kind is ColumnKind.DECIMAL:
        return "DECIMAL({}, {})".format(*column.digits)
    if column.kind in {ColumnKind.OBJECT, ColumnKind.LIST}:
        if format_name.startswith("csv"):  # JSON text
            return _TYPES[dialect][ColumnKind.TEXT]
        return _nested(column, dialect, format_name)
    return _TYPES[dialect][column.kind]


def _is_text(column: Column, format_name: str) -> bool:
    """Athena's CSV has text alone, its JSON no times as the standard writes them."""
    if format_name.startswith("csv"):
        return True
    is_time = column.kind is ColumnKind.TIMESTAMP
    return is_time and format_name.startswith("jsonl")


def _nested(column: Column, dialect: str, format_name: str) -> str:
    inner = [sql_type(field, dialect, format_name) for field in column.fields]
    if column.kind is ColumnKind.LIST:
        return f"{inner[0]}[]" if dialect == "duckdb" else f"array<{inner[0]}>"
    if dialect == "duckdb":
        named = [quoted(field.name, dialect) for field in column.fields]
        listed = ", ".join(map(" ".join, zip(named, inner, strict=True)))
        return f"STRUCT({listed})"
    names = (field.name for field in column.fields)
    pairs = (f"`{name}`:{kind}" for name, kind in zip(names, inner, strict=True))
    if dialect == "athena":
        pairs = (pair.replace("`", "") for pair in pairs)
    return f"struct<{','.join(pairs)}>"


def quoted(name: str, dialect: str) -> str:
    """Return a name as the dialect quotes names."""
    mark = "`" if dialect == "spark" else '"'
    return mark + name.replace(mark, mark * 2) + mark


def text(value: str) -> str:
    """Return a text as SQL writes texts."""
    return "'" + value.replace("'", "''") + "'"
