{# Says what the tests of this package have found, sentence by sentence. #}
{% macro show_findings(results) %}
  {% if execute and flags.WHICH in ('build', 'test') %}
    {% set findings = graph.nodes['model.amazon_singer.findings'].relation_name %}
    {% for result in results
        if result.node.resource_type == 'test'
        and result.node.package_name == 'amazon_singer'
        and result.node.name.startswith('no_')
        and result.status in ('fail', 'warn') %}
      {% set most = var('amazon_shown_findings') %}
      {% set found = run_query(
          "select sentence from " ~ findings ~ " where kind = '" ~ result.node.name[3:]
          ~ "' order by account_id, date, stream limit " ~ most) %}
      {% do log(result.node.name ~ ': ' ~ result.failures ~ ' found', info=true) %}
      {% for sentence in found.columns[0].values() %}
        {% do log('  ' ~ sentence, info=true) %}
      {% endfor %}
      {% if result.failures > most %}
        {% do log('  ... and ' ~ (result.failures - most) ~ ' more: select sentence from ' ~ findings, info=true) %}
      {% endif %}
    {% endfor %}
  {% endif %}
{% endmacro %}
