-- How far each stream of each account has come, and why it is not further.
with days as (

    select
        source_name,
        stream,
        account,
        account_id,
        marketplace_id,
        max(case when row_count > 0 then date end) as newest_day,
        max(date) as newest_day_read,
        max(fetched_at) as last_read_at
    from {{ ref('int_report_days') }}
    where document_age = 1
    group by source_name, stream, account, account_id, marketplace_id

),

asked as (

    select
        stream,
        account,
        coalesce(marketplace_id, '') as marketplace,
        max(last_day) as newest_day_asked,
        max(planned_at) as last_planned_at
    from {{ ref('int_report_log') }}
    group by stream, account, coalesce(marketplace_id, '')

),

obstacles as (

    select
        stream,
        account,
        coalesce(marketplace_id, '') as marketplace,
        last_day,
        outcome,
        reason,
        row_number() over (
            partition by stream, account, coalesce(marketplace_id, '')
            order by planned_at desc, last_day desc
        ) as choice
    from {{ ref('int_report_log') }}

),

joined as (

    select
        asked.stream,
        asked.account,
        coalesce(days.account_id, asked.account) as account_id,
        asked.marketplace as marketplace_id,
        days.newest_day,
        days.newest_day_read,
        asked.newest_day_asked,
        asked.last_planned_at,
        days.last_read_at,
        obstacles.outcome,
        obstacles.reason,
        {{ dbt.datediff('asked.last_planned_at', amazon_singer.now(), 'day') }} as days_since_run
    from asked
    left join days
        on asked.stream = days.stream
            and asked.account = days.account
            and asked.marketplace = coalesce(days.marketplace_id, '')
    left join obstacles
        on asked.stream = obstacles.stream
            and asked.account = obstacles.account
            and asked.marketplace = obstacles.marketplace
            and obstacles.choice = 1

),

expected as (

    select
        joined.*,
        cast({{ dbt.dateadd('day', 'days_since_run', 'newest_day_asked') }} as date) as expected_day
    from joined

),

late as (

    select
        expected.*,
        {{ dbt.datediff('newest_day', 'expected_day', 'day') }} as late_by_days
    from expected

)

select
    late.stream,
    late.account_id,
    accounts.account_name,
    late.marketplace_id,
    late.newest_day,
    late.expected_day,
    late.late_by_days,
    case
        when late.late_by_days = 0 then 'up to date'
        when late.days_since_run > 0 then 'no run for ' || cast(late.days_since_run as {{ dbt.type_string() }}) || ' days'
        when late.outcome not in ('delivered', 'empty') then late.outcome || coalesce(': ' || late.reason, '')
        when late.newest_day is null then 'Amazon has sent no rows at all'
        else 'Amazon has sent no rows for the newest days'
    end as why,
    late.outcome as last_outcome,
    late.last_read_at,
    late.last_planned_at as last_run_at
from late
left join {{ ref('int_accounts') }} as accounts
    on late.account_id = accounts.account_id
