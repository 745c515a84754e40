{#
  Streams that show everything an ad product did: their totals of an account and a day
  must agree, as far as the seed reconciliation_exceptions does not say otherwise.
  The first of each group is the one that others are measured by when no two agree.
  A stream: its name, metric -> column of its staging model, the column that names a currency.
#}
{% macro compared_streams() %}
  {% set days = var('amazon_attribution_days') ~ 'd' %}
  {% set sponsored_products = {
      'impressions': 'impressions', 'clicks': 'clicks', 'cost': 'cost',
      'sales': 'sales' ~ days, 'purchases': 'purchases' ~ days, 'units_sold': 'units_sold_clicks' ~ days} %}
  {% set others = {
      'impressions': 'impressions', 'clicks': 'clicks', 'cost': 'cost',
      'sales': 'sales', 'purchases': 'purchases', 'units_sold': 'units_sold'} %}
  {% set dsp = {
      'impressions': 'impressions', 'clicks': 'clicks', 'cost': 'total_cost',
      'sales': 'total_sales', 'purchases': 'total_purchases'} %}
  {% set dsp_traffic = {
      'impressions': 'impressions', 'clicks': 'clicks', 'cost': 'total_cost',
      'sales': 'total_sales'} %}
  {{ return([
      ['SPONSORED_PRODUCTS', [
          ['sponsored_products_campaign_by_campaign', sponsored_products, 'campaign_budget_currency_code'],
          ['sponsored_products_campaign_by_ad_group', sponsored_products, 'campaign_budget_currency_code'],
          ['sponsored_products_campaign_by_campaign_placement', sponsored_products, 'campaign_budget_currency_code'],
          ['sponsored_products_targeting_by_targeting', sponsored_products, 'campaign_budget_currency_code'],
          ['sponsored_products_advertised_by_advertiser', sponsored_products, 'campaign_budget_currency_code'],
          ['sponsored_products_search_term_by_search_term', sponsored_products, 'campaign_budget_currency_code']]],
      ['SPONSORED_BRANDS', [
          ['sponsored_brands_campaign_by_campaign', others, 'campaign_budget_currency_code'],
          ['sponsored_brands_ad_group_by_ad_group', others, 'campaign_budget_currency_code'],
          ['sponsored_brands_ad_by_ads', others, 'campaign_budget_currency_code'],
          ['sponsored_brands_placement_by_campaign_placement', others, 'campaign_budget_currency_code'],
          ['sponsored_brands_targeting_by_targeting', others, 'campaign_budget_currency_code'],
          ['sponsored_brands_search_term_by_search_term', others, 'campaign_budget_currency_code']]],
      ['SPONSORED_DISPLAY', [
          ['sponsored_display_campaign_by_campaign', others, 'campaign_budget_currency_code'],
          ['sponsored_display_ad_group_by_ad_group', others, 'campaign_budget_currency_code'],
          ['sponsored_display_targeting_by_targeting', others, 'campaign_budget_currency_code'],
          ['sponsored_display_advertised_by_advertiser', others, 'campaign_budget_currency_code']]],
      ['SPONSORED_TELEVISION', [
          ['sponsored_television_campaign_by_campaign', others, 'campaign_budget_currency_code'],
          ['sponsored_television_campaign_by_ad_group', others, none],
          ['sponsored_television_targeting_by_targeting', others, none]]],
      ['DEMAND_SIDE_PLATFORM', [
          ['amazon_dsp_campaign_by_campaign', dsp, 'order_currency'],
          ['amazon_dsp_campaign_by_ad', dsp, 'order_currency'],
          ['amazon_dsp_geo_by_country', dsp, none],
          ['amazon_dsp_tech_by_device_type', dsp_traffic, none]]],
  ]) }}
{% endmacro %}


{% macro common_metrics() %}
  {{ return(['impressions', 'clicks', 'cost', 'sales', 'purchases', 'units_sold']) }}
{% endmacro %}


{# Retail reports by day: product rows add up to the account's. #}
{% macro compared_retail_streams() %}
  {% set options = "distributor_view || ' ' || selling_program" %}
  {{ return([
      ['RETAIL_SELLER', 'sales_and_traffic_by_date', 1, "''", 'date',
       'sales_by_date__ordered_product_sales__amount', 'sales_by_date__units_ordered',
       'sales_by_date__ordered_product_sales__currency_code', "date_granularity = 'DAY'"],
      ['RETAIL_SELLER', 'sales_and_traffic_by_asin', 2, "''", 'window_start',
       'sales_by_asin__ordered_product_sales__amount', 'sales_by_asin__units_ordered',
       'sales_by_asin__ordered_product_sales__currency_code', "window_start = window_end and asin_granularity = '" ~ var('amazon_asin_granularity') ~ "'"],
      ['RETAIL_VENDOR', 'vendor_sales_aggregate', 1, options, 'start_date',
       'ordered_revenue__amount', 'ordered_units', 'ordered_revenue__currency_code',
       "report_period = 'DAY'"],
      ['RETAIL_VENDOR', 'vendor_sales_by_asin', 2, options, 'start_date',
       'ordered_revenue__amount', 'ordered_units', 'ordered_revenue__currency_code',
       "report_period = 'DAY'"],
  ]) }}
{% endmacro %}


{# A figure as people write it: money with cents, counts without. #}
{% macro figure(metric, value) -%}
  case
      when lower({{ metric }}) like '%cost%' or lower({{ metric }}) like '%spend%'
          or lower({{ metric }}) like '%sales%' or lower({{ metric }}) like '%amount%'
          or lower({{ metric }}) like '%revenue%'
          then cast(cast(round({{ value }}, 2) as decimal(28, 2)) as {{ dbt.type_string() }})
      else cast(cast({{ value }} as {{ dbt.type_bigint() }}) as {{ dbt.type_string() }})
  end
{%- endmacro %}


{# "account 91 (Blue Heron Goods) on 2026-11-03", for sentences. #}
{% macro account_and_day(account_id, account_name, day) -%}
  'account ' || {{ account_id }} || coalesce(' (' || {{ account_name }} || ')', '')
  || ', ' || cast({{ day }} as {{ dbt.type_string() }})
{%- endmacro %}
