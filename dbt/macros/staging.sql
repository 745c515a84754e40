{#
  The newest row of each key of a stream, typed and named.

  Where `report_days` is there, rows of older documents go first: a day that was read
  again has the rows of its newest document alone, so that a row Amazon has dropped is
  gone. A document counts when its rows have arrived, or when it said there are none.

  relation   the stream's table; may be absent (no account has such reports)
  documents  staging model of report_days, or none
  key        columns that tell rows apart
  covers     columns of whose values a document has every row there is
  columns    [path in the table, name, type]; columns that the table lacks are null
#}
{% macro staging(relation, stream, documents, key, covers, columns) %}
  {%- set found = amazon_singer.columns_of(relation) -%}
  {%- set names = {} -%}
  {%- set types = {} -%}
  {%- for path, name, type in columns -%}
    {%- do names.update({path: name}) -%}
    {%- do types.update({path: type}) -%}
  {%- endfor -%}
  with stored as (

      select
          {%- for path, name, type in columns %}
          {{ amazon_singer.typed(path, type, found) }} as {{ name }}{{ ',' if not loop.last }}
          {%- endfor %}
      {% if found is none -%}
      from (select 1 as nothing) as nothing
      where 1 = 0
      {%- else -%}
      from {{ relation }}
      {%- endif %}

  ),

  {% if documents is not none and covers -%}
  documents as (

      select
          {%- for path in covers %}
          {{ amazon_singer.cast_to(amazon_singer.json_text('covers', path), types[path]) }} as {{ names[path] }},
          {%- endfor %}
          row_count,
          fetched_at
      from {{ documents }}
      where stream = '{{ stream }}'
          and covers is not null
          and coalesce(is_whole, true)

  ),

  arrived as (

      select
          {%- for path in covers %}
          {{ names[path] }},
          {%- endfor %}
          max(extracted_at) as extracted_at
      from stored
      group by {% for path in covers %}{{ names[path] }}{{ ', ' if not loop.last }}{% endfor %}

  ),

  newest_document as (

      select
          {%- for path in covers %}
          documents.{{ names[path] }},
          {%- endfor %}
          max(documents.fetched_at) as fetched_at
      from documents
      left join arrived
          on {% for path in covers -%}
          documents.{{ names[path] }} = arrived.{{ names[path] }}{{ '\n          and ' if not loop.last }}
          {%- endfor %}
      where documents.row_count = 0
          or arrived.extracted_at >= documents.fetched_at
      group by {% for path in covers %}documents.{{ names[path] }}{{ ', ' if not loop.last }}{% endfor %}

  ),

  current_rows as (

      select stored.*
      from stored
      left join newest_document
          on {% for path in covers -%}
          stored.{{ names[path] }} = newest_document.{{ names[path] }}{{ '\n          and ' if not loop.last }}
          {%- endfor %}
      where newest_document.fetched_at is null
          or stored.extracted_at is null
          or stored.extracted_at >= newest_document.fetched_at

  ),
  {%- else -%}
  current_rows as (

      select * from stored

  ),
  {%- endif %}

  numbered as (

      select
          current_rows.*,
          row_number() over (
              partition by {% for path in key %}{{ names[path] }}{{ ', ' if not loop.last }}{% endfor %}
              order by extracted_at desc
          ) as row_age
      from current_rows

  )

  select
      {%- for path, name, type in columns %}
      {{ name }}{{ ',' if not loop.last }}
      {%- endfor %}
  from numbered
  where row_age = 1
{% endmacro %}


{# Lower-case name -> [name, data type] of a table's columns; none: there is no table. #}
{% macro columns_of(relation) %}
  {% if not execute or var('amazon_assume_tables', false) %}
    {{ return('every') }}
  {% endif %}
  {% set table = adapter.get_relation(relation.database, relation.schema, relation.identifier) %}
  {% if table is none %}
    {{ return(none) }}
  {% endif %}
  {% set found = {} %}
  {% for column in adapter.get_columns_in_relation(table) %}
    {% do found.update({column.name | lower: [column.name, column.dtype]}) %}
  {% endfor %}
  {{ return(found) }}
{% endmacro %}


{% macro typed(path, type, found) %}
  {%- set parts = path.split('.') -%}
  {%- if found is none or (found is mapping and parts[0] | lower not in found) -%}
    {{ amazon_singer.cast_to('null', type) }}
  {%- else -%}
    {%- set name, kind = found[parts[0] | lower] if found is mapping else [parts[0], 'text'] -%}
    {%- set column = adapter.quote(name) -%}
    {%- if parts | length > 1 -%}
      {{ amazon_singer.cast_to(amazon_singer.field(column, parts[1:], kind), type) }}
    {%- elif type == 'json' -%}
      {{ amazon_singer.as_json_text(column, kind) }}
    {%- else -%}
      {{ amazon_singer.cast_to(column, type) }}
    {%- endif -%}
  {%- endif -%}
{% endmacro %}
