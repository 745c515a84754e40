{{ config(materialized='table') }}
-- Totals of one stream, account and day, for all streams that can be compared.
{% for ad_product, streams in amazon_singer.compared_streams() %}
{% for stream, metrics, currency in streams %}
select
    '{{ ad_product }}' as ad_product,
    'amazon_ads' as source_name,
    '{{ stream }}' as stream,
    {{ loop.index }} as preference,
    {{ 'advertiser_id' if ad_product == 'DEMAND_SIDE_PLATFORM' else 'profile_id' }} as account_id,
    cast(null as {{ dbt.type_string() }}) as marketplace_id,
    '' as part,
    date,
    count(*) as row_count,
    {%- for metric in amazon_singer.common_metrics() %}
    {% if metric in metrics -%}
    sum(coalesce({{ amazon_singer.cast_to(metrics[metric], 'decimal') }}, 0)) as {{ metric }},
    {%- else -%}
    {{ amazon_singer.cast_to('null', 'decimal') }} as {{ metric }},
    {%- endif %}
    {%- endfor %}
    max(currency_code) as currency_code,
    {%- if currency is not none %}
    count(distinct currency_code) as currencies,
    max(case when {{ currency }} <> currency_code then {{ currency }} end) as other_currency_code,
    sum(case when {{ currency }} <> currency_code then 1 else 0 end) as rows_in_other_currency,
    {%- else %}
    count(distinct currency_code) as currencies,
    cast(null as {{ dbt.type_string() }}) as other_currency_code,
    0 as rows_in_other_currency,
    {%- endif %}
    max(extracted_at) as extracted_at
from {{ ref('stg_amazon_ads__' ~ stream) }}
group by date, {{ 'advertiser_id' if ad_product == 'DEMAND_SIDE_PLATFORM' else 'profile_id' }}

union all
{% endfor %}
{% endfor %}
{% for ad_product, stream, preference, part, date, sales, units, currency, where in amazon_singer.compared_retail_streams() %}
select
    '{{ ad_product }}' as ad_product,
    'amazon_sp' as source_name,
    '{{ stream }}' as stream,
    {{ preference }} as preference,
    account_name as account_id,
    marketplace_id,
    {{ part }} as part,
    {{ date }} as date,
    count(*) as row_count,
    {{ amazon_singer.cast_to('null', 'decimal') }} as impressions,
    {{ amazon_singer.cast_to('null', 'decimal') }} as clicks,
    {{ amazon_singer.cast_to('null', 'decimal') }} as cost,
    sum(coalesce({{ amazon_singer.cast_to(sales, 'decimal') }}, 0)) as sales,
    {{ amazon_singer.cast_to('null', 'decimal') }} as purchases,
    sum(coalesce({{ amazon_singer.cast_to(units, 'decimal') }}, 0)) as units_sold,
    max({{ currency }}) as currency_code,
    count(distinct {{ currency }}) as currencies,
    cast(null as {{ dbt.type_string() }}) as other_currency_code,
    0 as rows_in_other_currency,
    max(extracted_at) as extracted_at
from {{ ref('stg_amazon_sp__' ~ stream) }}
where {{ where }}
group by account_name, marketplace_id, {{ date }}{{ ', distributor_view, selling_program' if part != "''" }}
{{ 'union all' if not loop.last }}
{% endfor %}
