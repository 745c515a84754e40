{# DuckDB: a view for each stream that has files in the lake. Runs before every command. #}
{% macro open_lake() %}
  {% set lake = var('amazon_lake', '') %}
  {% if execute and target.type == 'duckdb' and lake %}
    {% for source in graph.sources.values() if source.package_name == 'amazon_singer' %}
      {% set folder = var(source.source_name ~ '_lake', lake) ~ '/' ~ source.name %}
      {% set view = api.Relation.create(schema=source.schema, identifier=source.identifier) %}
      {% do run_query('create schema if not exists ' ~ adapter.quote(source.schema)) %}
      {% if amazon_singer.has_files(folder) %}
        {% do run_query('create or replace view ' ~ view ~ ' as select * from ' ~ amazon_singer.reader(folder)) %}
      {% else %}
        {% do run_query('drop view if exists ' ~ view) %}
      {% endif %}
    {% endfor %}
  {% endif %}
{% endmacro %}


{% macro files_of(folder) %}
  {%- set patterns = {'parquet': '/**/*.parquet', 'jsonl': '/**/*.jsonl*', 'delta': '/_delta_log/*.json'} -%}
  {%- set format = var('amazon_lake_format') -%}
  {%- if format not in patterns -%}
    {{ exceptions.raise_compiler_error("amazon_lake_format is " ~ format ~ "; it can be parquet, jsonl or delta.") }}
  {%- endif -%}
  {{ return(folder ~ patterns[format]) }}
{% endmacro %}


{% macro has_files(folder) %}
  {% set files = "select count(*) from glob('" ~ amazon_singer.files_of(folder) ~ "')" %}
  {{ return(run_query(files).columns[0].values()[0] > 0) }}
{% endmacro %}


{% macro reader(folder) %}
  {% set files = "'" ~ amazon_singer.files_of(folder) ~ "'" %}
  {% if var('amazon_lake_format') == 'delta' %}
    {{ return("delta_scan('" ~ folder ~ "')") }}
  {% elif var('amazon_lake_format') == 'jsonl' %}
    {{ return("read_json(" ~ files ~ ", format = 'newline_delimited', union_by_name = true, sample_size = -1, maximum_object_size = 134217728)") }}
  {% else %}
    {{ return("read_parquet(" ~ files ~ ", union_by_name = true, hive_partitioning = true, hive_types_autocast = false)") }}
  {% endif %}
{% endmacro %}
