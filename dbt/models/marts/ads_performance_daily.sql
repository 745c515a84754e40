-- Every campaign and day of Sponsored Products, Brands, Display and Television, in one set of names.
{% set days = var('amazon_attribution_days') ~ 'd' %}
with campaigns as (

    select
        'SPONSORED_PRODUCTS' as ad_product,
        profile_id,
        country_code,
        currency_code,
        date,
        campaign_id,
        campaign_name,
        campaign_status,
        impressions,
        clicks,
        cost,
        sales{{ days }} as sales,
        purchases{{ days }} as purchases,
        units_sold_clicks{{ days }} as units_sold,
        {{ var('amazon_attribution_days') }} as attribution_days,
        extracted_at
    from {{ ref('stg_amazon_ads__sponsored_products_campaign_by_campaign') }}

    union all

    select
        'SPONSORED_BRANDS' as ad_product,
        profile_id,
        country_code,
        currency_code,
        date,
        campaign_id,
        campaign_name,
        campaign_status,
        impressions,
        clicks,
        cost,
        sales as sales,
        purchases as purchases,
        units_sold as units_sold,
        14 as attribution_days,
        extracted_at
    from {{ ref('stg_amazon_ads__sponsored_brands_campaign_by_campaign') }}

    union all

    select
        'SPONSORED_DISPLAY' as ad_product,
        profile_id,
        country_code,
        currency_code,
        date,
        campaign_id,
        campaign_name,
        campaign_status,
        impressions,
        clicks,
        cost,
        sales as sales,
        purchases as purchases,
        units_sold as units_sold,
        14 as attribution_days,
        extracted_at
    from {{ ref('stg_amazon_ads__sponsored_display_campaign_by_campaign') }}

    union all

    select
        'SPONSORED_TELEVISION' as ad_product,
        profile_id,
        country_code,
        currency_code,
        date,
        campaign_id,
        campaign_name,
        campaign_status,
        impressions,
        clicks,
        cost,
        sales as sales,
        purchases as purchases,
        units_sold as units_sold,
        14 as attribution_days,
        extracted_at
    from {{ ref('stg_amazon_ads__sponsored_television_campaign_by_campaign') }}

)

select
    campaigns.ad_product,
    campaigns.profile_id,
    accounts.account_name,
    campaigns.country_code,
    campaigns.currency_code,
    campaigns.date,
    campaigns.campaign_id,
    campaigns.campaign_name,
    campaigns.campaign_status,
    coalesce(campaigns.impressions, 0) as impressions,
    coalesce(campaigns.clicks, 0) as clicks,
    {{ amazon_singer.cast_to('coalesce(campaigns.cost, 0)', 'decimal') }} as cost,
    {{ amazon_singer.cast_to('coalesce(campaigns.sales, 0)', 'decimal') }} as sales,
    coalesce(campaigns.purchases, 0) as purchases,
    coalesce(campaigns.units_sold, 0) as units_sold,
    campaigns.attribution_days,
    campaigns.extracted_at
from campaigns
left join {{ ref('int_accounts') }} as accounts
    on campaigns.profile_id = accounts.account_id
