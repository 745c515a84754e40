{# The instant that "late" is measured from; a variable for tests. #}
{% macro now() %}
  {%- set given = var('amazon_now', none) -%}
  {{ return(amazon_singer.cast_to("'" ~ given ~ "'", 'timestamp') if given else dbt.current_timestamp()) }}
{% endmacro %}
