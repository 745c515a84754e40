-- Figures that Amazon has changed since they were first read.
with steps as (

    select
        steps.*,
        case
            when lower(metric) in ('clicks', 'cost', 'spend', 'totalcost', 'supplycost')
                or lower(metric) like '%impressions' or lower(metric) like '%clickthroughs'
                then {{ var('amazon_traffic_settles_days') }}
            else {{ var('amazon_sales_settle_days') }}
        end as settles_days
    from {{ ref('int_restatement_steps') }} as steps

),

late_steps as (

    select
        steps.*,
        case
            when value <> value_before
                and {{ dbt.datediff('date', 'fetched_before', 'day') }} > settles_days + 1 then 1
            else 0
        end as is_late_step
    from steps

)

select
    steps.source_name,
    steps.stream,
    steps.account_id,
    max(accounts.account_name) as account_name,
    steps.marketplace_id,
    steps.part,
    max(steps.currency_code) as currency_code,
    steps.date,
    steps.metric,
    max(case when document_number = 1 then value end) as first_value,
    max(case when document_age = 1 then value end) as last_value,
    max(case when document_age = 1 then value end)
    - max(case when document_number = 1 then value end) as change,
    min(steps.fetched_at) as first_seen_at,
    max(steps.fetched_at) as last_seen_at,
    count(*) as documents,
    max(steps.settles_days) as settles_days,
    case when max(steps.is_late_step) = 1 then true else false end as is_unusual
from late_steps as steps
left join {{ ref('int_accounts') }} as accounts
    on steps.account_id = accounts.account_id
group by
    steps.source_name, steps.stream, steps.account_id, steps.marketplace_id, steps.part,
    steps.date, steps.metric
having min(value) <> max(value)
