-- Every order and day of every DSP advertiser.
select
    advertiser_id,
    coalesce(accounts.account_name, orders.advertiser_name) as advertiser_name,
    orders.profile_id,
    orders.country_code,
    orders.currency_code,
    orders.date,
    orders.order_id,
    orders.order_name,
    coalesce(orders.impressions, 0) as impressions,
    coalesce(orders.viewable_impressions, 0) as viewable_impressions,
    coalesce(orders.clicks, 0) as clicks,
    {{ amazon_singer.cast_to('coalesce(orders.total_cost, 0)', 'decimal') }} as cost,
    {{ amazon_singer.cast_to('coalesce(orders.supply_cost, 0)', 'decimal') }} as supply_cost,
    {{ amazon_singer.cast_to('coalesce(orders.total_sales, 0)', 'decimal') }} as sales,
    coalesce(orders.total_purchases, 0) as purchases,
    coalesce(orders.total_units_sold, 0) as units_sold,
    coalesce(orders.total_detail_page_view, 0) as detail_page_views,
    orders.extracted_at
from {{ ref('stg_amazon_ads__amazon_dsp_campaign_by_campaign') }} as orders
left join {{ ref('int_accounts') }} as accounts
    on orders.advertiser_id = accounts.account_id
