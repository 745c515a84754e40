-- Every keyword and product target as it is now, with its campaign and ad group by name.
{% set days = var('amazon_attribution_days') ~ 'd' %}
{% set recent = var('amazon_current_days') %}
with performance as (

    select
        'SPONSORED_PRODUCTS' as ad_product,
        profile_id,
        date,
        keyword_id as target_id,
        impressions,
        clicks,
        cost,
        sales{{ days }} as sales,
        purchases{{ days }} as purchases,
        units_sold_clicks{{ days }} as units_sold
    from {{ ref('stg_amazon_ads__sponsored_products_targeting_by_targeting') }}

    union all

    select
        'SPONSORED_BRANDS' as ad_product,
        profile_id,
        date,
        coalesce(nullif(keyword_id, ''), targeting_id) as target_id,
        impressions,
        clicks,
        cost,
        sales,
        purchases,
        units_sold
    from {{ ref('stg_amazon_ads__sponsored_brands_targeting_by_targeting') }}

    union all

    select
        'SPONSORED_DISPLAY' as ad_product,
        profile_id,
        date,
        targeting_id as target_id,
        impressions,
        clicks,
        cost,
        sales,
        purchases,
        units_sold
    from {{ ref('stg_amazon_ads__sponsored_display_targeting_by_targeting') }}

),

newest as (

    select
        ad_product,
        profile_id,
        max(date) as newest_day
    from performance
    group by ad_product, profile_id

),

totals as (

    select
        performance.ad_product,
        performance.profile_id,
        performance.target_id,
        {%- for metric in amazon_singer.common_metrics() %}
        sum(performance.{{ metric }}) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from performance
    inner join newest
        on performance.ad_product = newest.ad_product
            and performance.profile_id = newest.profile_id
            and performance.date > {{ dbt.dateadd('day', -recent, 'newest.newest_day') }}
    group by performance.ad_product, performance.profile_id, performance.target_id

)

select
    targets.ad_product,
    targets.profile_id,
    accounts.account_name,
    targets.country_code,
    coalesce(targets.bid__currency_code, ad_groups.bid__currency_code, campaigns.currency_code) as currency_code,
    targets.target_id,
    targets.target_type,
    targets.target_level,
    targets.negative,
    targets.target_details__match_type as match_type,
    targets.target_details__keyword as keyword,
    targets.target_details__asin as asin,
    targets.state,
    targets.delivery_status,
    targets.bid__bid as own_bid,
    case when not targets.negative then coalesce(targets.bid__bid, ad_groups.bid__default_bid) end as bid,
    targets.ad_group_id,
    ad_groups.name as ad_group_name,
    coalesce(targets.campaign_id, ad_groups.campaign_id) as campaign_id,
    campaigns.campaign_name,
    campaigns.state as campaign_state,
    newest.newest_day,
    {%- for metric in amazon_singer.common_metrics() %}
    {%- if metric in ('cost', 'sales') %}
    {{ amazon_singer.cast_to('coalesce(totals.' ~ metric ~ ', 0)', 'decimal') }} as {{ metric }},
    {%- else %}
    coalesce(totals.{{ metric }}, 0) as {{ metric }},
    {%- endif %}
    {%- endfor %}
    targets.snapshot_at
from {{ ref('stg_amazon_ads__targets') }} as targets
left join {{ ref('stg_amazon_ads__ad_groups') }} as ad_groups
    on targets.profile_id = ad_groups.profile_id
        and targets.ad_group_id = ad_groups.ad_group_id
left join {{ ref('campaigns_current') }} as campaigns
    on targets.profile_id = campaigns.profile_id
        and coalesce(targets.campaign_id, ad_groups.campaign_id) = campaigns.campaign_id
left join totals
    on targets.ad_product = totals.ad_product
        and targets.profile_id = totals.profile_id
        and targets.target_id = totals.target_id
left join newest
    on targets.ad_product = newest.ad_product
        and targets.profile_id = newest.profile_id
left join {{ ref('int_accounts') }} as accounts
    on targets.profile_id = accounts.account_id
