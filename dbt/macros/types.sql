{# What differs from one warehouse to the next: types, and values inside JSON. #}
{% macro cast_to(expression, type) -%}
  cast({{ expression }} as {{ amazon_singer.sql_type(type) }})
{%- endmacro %}


{% macro sql_type(type) %}
  {%- if type in ('text', 'json') -%}{{ dbt.type_string() }}
  {%- elif type == 'integer' -%}{{ dbt.type_bigint() }}
  {%- elif type == 'float' -%}{{ dbt.type_float() }}
  {%- elif type == 'boolean' -%}{{ dbt.type_boolean() }}
  {%- elif type == 'timestamp' -%}{{ amazon_singer.timestamp_type() }}
  {%- elif type == 'date' -%}date
  {%- elif type == 'decimal' -%}{{ amazon_singer.decimal_type() }}
  {%- else -%}{{ exceptions.raise_compiler_error("unknown type " ~ type) }}
  {%- endif -%}
{% endmacro %}


{# Money and sums, exact to a millionth. #}
{% macro decimal_type() %}{{ return(adapter.dispatch('decimal_type', 'amazon_singer')()) }}{% endmacro %}
{% macro default__decimal_type() %}{{ return('decimal(28, 6)') }}{% endmacro %}
{% macro bigquery__decimal_type() %}{{ return('numeric') }}{% endmacro %}


{# An instant, always in UTC. #}
{% macro timestamp_type() %}{{ return(adapter.dispatch('timestamp_type', 'amazon_singer')()) }}{% endmacro %}
{% macro default__timestamp_type() %}{{ return(dbt.type_timestamp()) }}{% endmacro %}
{% macro duckdb__timestamp_type() %}{{ return('timestamptz') }}{% endmacro %}
{% macro snowflake__timestamp_type() %}{{ return('timestamp_tz') }}{% endmacro %}


{# One value of an object that is stored as JSON text; keys may have dots. #}
{% macro json_text(expression, key) %}{{ return(adapter.dispatch('json_text', 'amazon_singer')(expression, key)) }}{% endmacro %}
{% macro default__json_text(expression, key) %}
  {{ return("json_extract_scalar(" ~ expression ~ ", '$[\"" ~ key ~ "\"]')") }}
{% endmacro %}
{% macro duckdb__json_text(expression, key) %}
  {{ return("json_extract_string(" ~ expression ~ ", '$.\"" ~ key ~ "\"')") }}
{% endmacro %}
{% macro bigquery__json_text(expression, key) %}
  {{ return("json_value(" ~ expression ~ ", '$.\"" ~ key ~ "\"')") }}
{% endmacro %}
{% macro snowflake__json_text(expression, key) %}
  {{ return("cast(get_path(parse_json(" ~ expression ~ "), '[\"" ~ key ~ "\"]') as varchar)") }}
{% endmacro %}
{% macro spark__json_text(expression, key) %}
  {{ return("get_json_object(" ~ expression ~ ", '$[\\'" ~ key ~ "\\']')") }}
{% endmacro %}


{# A value inside JSON text, by a path such as [0].budget.amount. #}
{% macro json_path(expression, path) %}{{ return(adapter.dispatch('json_path', 'amazon_singer')(expression, path)) }}{% endmacro %}
{% macro default__json_path(expression, path) %}
  {{ return("json_extract_scalar(" ~ expression ~ ", '$" ~ path ~ "')") }}
{% endmacro %}
{% macro duckdb__json_path(expression, path) %}
  {{ return("json_extract_string(" ~ expression ~ ", '$" ~ path ~ "')") }}
{% endmacro %}
{% macro bigquery__json_path(expression, path) %}
  {{ return("json_value(" ~ expression ~ ", '$" ~ path ~ "')") }}
{% endmacro %}
{% macro snowflake__json_path(expression, path) %}
  {{ return("cast(get_path(parse_json(" ~ expression ~ "), '" ~ path.lstrip('.') ~ "') as varchar)") }}
{% endmacro %}
{% macro spark__json_path(expression, path) %}
  {{ return("get_json_object(" ~ expression ~ ", '$" ~ path ~ "')") }}
{% endmacro %}


{# A field inside a column that holds an object, as text. #}
{% macro field(column, path, kind) %}{{ return(adapter.dispatch('field', 'amazon_singer')(column, path, kind)) }}{% endmacro %}
{% macro default__field(column, path, kind) %}
  {% if amazon_singer.is_text(kind) %}
    {{ return("json_extract_scalar(" ~ column ~ ", '$." ~ path | join('.') ~ "')") }}
  {% endif %}
  {% set quoted = [] %}
  {% for part in path %}{% do quoted.append(adapter.quote(part)) %}{% endfor %}
  {{ return(column ~ '.' ~ quoted | join('.')) }}
{% endmacro %}
{% macro bigquery__field(column, path, kind) %}
  {% if amazon_singer.is_text(kind) %}
    {{ return("json_value(" ~ column ~ ", '$." ~ path | join('.') ~ "')") }}
  {% endif %}
  {{ return(amazon_singer.default__field(column, path, kind)) }}
{% endmacro %}
{% macro duckdb__field(column, path, kind) %}
  {{ return("json_extract_string(" ~ amazon_singer.as_json_text(column, kind) ~ ", '$." ~ path | join('.') ~ "')") }}
{% endmacro %}
{% macro snowflake__field(column, path, kind) %}
  {% set value = "parse_json(" ~ column ~ ")" if amazon_singer.is_text(kind) else column %}
  {{ return("cast(get_path(" ~ value ~ ", '" ~ path | join('.') ~ "') as varchar)") }}
{% endmacro %}


{# A column that holds an object, as JSON text. #}
{% macro as_json_text(column, kind) %}{{ return(adapter.dispatch('as_json_text', 'amazon_singer')(column, kind)) }}{% endmacro %}
{% macro default__as_json_text(column, kind) %}
  {% set value = column if amazon_singer.is_text(kind) else "json_format(cast(" ~ column ~ " as json))" %}
  {{ return(amazon_singer.cast_to(value, 'text')) }}
{% endmacro %}
{% macro bigquery__as_json_text(column, kind) %}
  {{ return(column if amazon_singer.is_text(kind) else "to_json_string(" ~ column ~ ")") }}
{% endmacro %}
{% macro duckdb__as_json_text(column, kind) %}
  {% set value = column if amazon_singer.is_text(kind) else "to_json(" ~ column ~ ")" %}
  {{ return("cast(" ~ value ~ " as varchar)") }}
{% endmacro %}
{% macro snowflake__as_json_text(column, kind) %}
  {{ return(amazon_singer.cast_to(column if amazon_singer.is_text(kind) else "to_json(" ~ column ~ ")", 'text')) }}
{% endmacro %}


{% macro is_text(kind) %}
  {{ return((kind | lower).split('(')[0] in ('text', 'varchar', 'string', 'json', 'character varying')) }}
{% endmacro %}
