-- Every campaign as it is now: name, state, budget, and how much of it is used.
{% set recent = var('amazon_current_days') %}
with campaigns as (

    select
        ad_product,
        profile_id,
        country_code,
        campaign_id,
        name,
        state,
        delivery_status,
        delivery_reasons,
        portfolio_id,
        cost_type,
        coalesce(start_date, cast(start_date_time as date)) as start_date,
        coalesce(end_date, cast(end_date_time as date)) as end_date,
        coalesce(
            budget_caps__budget_value__monetary_budget__rule_amount,
            budget_caps__budget_value__monetary_budget__amount
        ) as budget,
        budget_caps__budget_value__monetary_budget__currency_code as currency_code,
        budget_caps__recurrence_time_period as budget_period,
        snapshot_at
    from {{ ref('stg_amazon_ads__campaigns') }}

    union all

    select
        ad_product,
        profile_id,
        country_code,
        campaign_id,
        name,
        state,
        status__delivery_status as delivery_status,
        status__delivery_reasons as delivery_reasons,
        portfolio_id,
        cost_type,
        cast(start_date_time as date) as start_date,
        cast(end_date_time as date) as end_date,
        {{ amazon_singer.cast_to(amazon_singer.first_budget('budgets', 'value'), 'decimal') }} as budget,
        {{ amazon_singer.first_budget('budgets', 'currencyCode') }} as currency_code,
        {{ amazon_singer.json_path('budgets', '[0].recurrenceTimePeriod') }} as budget_period,
        snapshot_at
    from {{ ref('stg_amazon_ads__sponsored_tv_campaigns') }}

),

days_read as (

    select
        ad_product,
        profile_id,
        min(date) as first_day,
        max(date) as newest_day
    from {{ ref('ads_performance_daily') }}
    group by ad_product, profile_id

),

days as (

    select
        performance.ad_product,
        performance.profile_id,
        performance.campaign_id,
        performance.impressions,
        performance.clicks,
        performance.cost,
        performance.sales,
        performance.purchases,
        performance.units_sold,
        campaigns.budget,
        performance.date = days_read.newest_day as is_newest,
        performance.date > {{ dbt.dateadd('day', -recent, 'days_read.newest_day') }} as is_recent
    from {{ ref('ads_performance_daily') }} as performance
    inner join days_read
        on performance.ad_product = days_read.ad_product
            and performance.profile_id = days_read.profile_id
    inner join campaigns
        on performance.ad_product = campaigns.ad_product
            and performance.profile_id = campaigns.profile_id
            and performance.campaign_id = campaigns.campaign_id

),

totals as (

    select
        ad_product,
        profile_id,
        campaign_id,
        sum(cost) as cost_of_all_days,
        sum(case when is_newest then cost else 0 end) as cost_newest_day,
        sum(case when is_recent and cost >= 0.95 * budget then 1 else 0 end) as days_at_budget,
        {%- for metric in amazon_singer.common_metrics() %}
        sum(case when is_recent then {{ metric }} else 0 end) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from days
    group by ad_product, profile_id, campaign_id

)

select
    campaigns.ad_product,
    campaigns.profile_id,
    accounts.account_name,
    campaigns.country_code,
    campaigns.currency_code,
    campaigns.campaign_id,
    campaigns.name as campaign_name,
    campaigns.state,
    campaigns.delivery_status,
    campaigns.delivery_reasons,
    campaigns.portfolio_id,
    portfolios.name as portfolio_name,
    portfolios.in_budget as portfolio_in_budget,
    campaigns.cost_type,
    campaigns.start_date,
    campaigns.end_date,
    campaigns.budget,
    campaigns.budget_period,
    days_read.newest_day,
    {{ amazon_singer.cast_to('coalesce(totals.cost_newest_day, 0)', 'decimal') }} as cost_newest_day,
    case
        when campaigns.budget_period = 'DAILY'
            then round(100 * coalesce(totals.cost_newest_day, 0) / nullif(campaigns.budget, 0), 1)
        when campaigns.budget_period = 'LIFETIME' and days_read.first_day <= campaigns.start_date
            then round(100 * coalesce(totals.cost_of_all_days, 0) / nullif(campaigns.budget, 0), 1)
    end as budget_used_percent,
    case
        when campaigns.budget_period = 'DAILY' then coalesce(totals.days_at_budget, 0)
    end as days_at_budget,
    {%- for metric in amazon_singer.common_metrics() %}
    coalesce(totals.{{ metric }}, 0) as {{ metric }},
    {%- endfor %}
    round(100 * totals.cost / nullif(totals.sales, 0), 1) as acos_percent,
    campaigns.snapshot_at
from campaigns
left join totals
    on campaigns.ad_product = totals.ad_product
        and campaigns.profile_id = totals.profile_id
        and campaigns.campaign_id = totals.campaign_id
left join days_read
    on campaigns.ad_product = days_read.ad_product
        and campaigns.profile_id = days_read.profile_id
left join {{ ref('stg_amazon_ads__portfolios') }} as portfolios
    on campaigns.profile_id = portfolios.profile_id
        and campaigns.portfolio_id = portfolios.portfolio_id
left join {{ ref('int_accounts') }} as accounts
    on campaigns.profile_id = accounts.account_id
