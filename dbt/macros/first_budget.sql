{# Of a list of budgets as Ads API v1 has them: an object in a list may be JSON text again. #}
{% macro first_budget(budgets, field) -%}
  {%- set inside = '.monetaryBudgetValue.monetaryBudget.' ~ field -%}
  coalesce(
      {{ amazon_singer.json_path(budgets, '[0].budgetValue' ~ inside) }},
      {{ amazon_singer.json_path(amazon_singer.json_path(budgets, '[0].budgetValue'), inside) }}
  )
{%- endmacro %}
