-- Every report of every run, from both taps; those of one folder come in both and count once.
with every_report as (

    select * from {{ ref('stg_amazon_ads__report_log') }}
    union all
    select * from {{ ref('stg_amazon_sp__report_log') }}

),

numbered as (

    select
        every_report.*,
        row_number() over (
            partition by run_id, stream, account, part, window_start, window_end
            order by extracted_at
        ) as copy_number
    from every_report

)

select
    run_id,
    stream,
    account,
    account_name,
    marketplace_id,
    cast(substr(window_start, 1, 10) as date) as first_day,
    cast(substr(window_end, 1, 10) as date) as last_day,
    report_id,
    planned_at,
    fetched_at,
    row_count,
    repeated_keys,
    outcome,
    reason
from numbered
where copy_number = 1
