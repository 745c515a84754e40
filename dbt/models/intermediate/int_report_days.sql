{{ config(materialized='table') }}
-- What each document brought, day by day, from both taps; the newest of a day has document_age 1.
with ads as (

    select
        'amazon_ads' as source_name,
        run_id,
        stream,
        report_id,
        coalesce(profile_id, advertiser_id) as account,
        case when advertiser_id <> '' then advertiser_id else profile_id end as account_id,
        cast(null as {{ dbt.type_string() }}) as marketplace_id,
        date as day_text,
        window_start,
        window_end,
        currency_code,
        row_count,
        sums,
        fetched_at,
        covers,
        is_whole
    from {{ ref('stg_amazon_ads__report_days') }}
    where profile_id is not null or advertiser_id <> ''

),

selling_partner as (

    select
        'amazon_sp' as source_name,
        run_id,
        stream,
        report_id,
        account_name as account,
        account_name as account_id,
        marketplace_id,
        date as day_text,
        window_start,
        window_end,
        currency_code,
        row_count,
        sums,
        fetched_at,
        covers,
        is_whole
    from {{ ref('stg_amazon_sp__report_days') }}
    where account_name is not null

),

every_document as (

    select * from ads
    union all
    select * from selling_partner

)

select
    source_name,
    run_id,
    stream,
    report_id,
    account,
    account_id,
    marketplace_id,
    cast(substr(day_text, 1, 10) as date) as date,
    window_start,
    window_end,
    currency_code,
    row_count,
    sums,
    fetched_at,
    covers,
    row_number() over (
        partition by source_name, stream, account_id, coalesce(marketplace_id, ''), coalesce(covers, ''), day_text
        order by fetched_at desc, report_id
    ) as document_age
from every_document
where coalesce(is_whole, true)
