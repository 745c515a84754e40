-- What people searched for before they clicked: Sponsored Products and Brands.
{% set days = var('amazon_attribution_days') ~ 'd' %}
with search_terms as (

    select
        'SPONSORED_PRODUCTS' as ad_product,
        profile_id,
        country_code,
        currency_code,
        date,
        campaign_id,
        campaign_name,
        ad_group_id,
        ad_group_name,
        keyword_id,
        keyword as keyword,
        match_type,
        search_term,
        impressions,
        clicks,
        cost,
        sales{{ days }} as sales,
        purchases{{ days }} as purchases,
        units_sold_clicks{{ days }} as units_sold,
        {{ var('amazon_attribution_days') }} as attribution_days,
        extracted_at
    from {{ ref('stg_amazon_ads__sponsored_products_search_term_by_search_term') }}

    union all

    select
        'SPONSORED_BRANDS' as ad_product,
        profile_id,
        country_code,
        currency_code,
        date,
        campaign_id,
        campaign_name,
        ad_group_id,
        ad_group_name,
        keyword_id,
        keyword_text as keyword,
        match_type,
        search_term,
        impressions,
        clicks,
        cost,
        sales as sales,
        purchases as purchases,
        units_sold as units_sold,
        14 as attribution_days,
        extracted_at
    from {{ ref('stg_amazon_ads__sponsored_brands_search_term_by_search_term') }}

)

select
    search_terms.ad_product,
    search_terms.profile_id,
    accounts.account_name,
    search_terms.country_code,
    search_terms.currency_code,
    search_terms.date,
    search_terms.campaign_id,
    search_terms.campaign_name,
    search_terms.ad_group_id,
    search_terms.ad_group_name,
    search_terms.keyword_id,
    search_terms.keyword,
    search_terms.match_type,
    search_terms.search_term,
    coalesce(search_terms.impressions, 0) as impressions,
    coalesce(search_terms.clicks, 0) as clicks,
    {{ amazon_singer.cast_to('coalesce(search_terms.cost, 0)', 'decimal') }} as cost,
    {{ amazon_singer.cast_to('coalesce(search_terms.sales, 0)', 'decimal') }} as sales,
    coalesce(search_terms.purchases, 0) as purchases,
    coalesce(search_terms.units_sold, 0) as units_sold,
    search_terms.attribution_days,
    search_terms.extracted_at
from search_terms
left join {{ ref('int_accounts') }} as accounts
    on search_terms.profile_id = accounts.account_id
