-- Everything that should not be so, each in a sentence with account, day and figures.
with disagreements as (

    select
        'reports_disagree' as kind,
        account_id,
        stream,
        date,
        {{ amazon_singer.account_and_day('account_id', 'max(account_name)', 'date') }}
        || ', ' || stream || ': '
        || {{ dbt.listagg(
            "metric || ' ' || " ~ amazon_singer.figure('metric', 'found')
            ~ " || (case when relation = 'at_most' then ', at most ' else ' instead of ' end) || "
            ~ amazon_singer.figure('metric', 'expected'), "', '", "order by metric") }}
        || case when min(example_stream) = stream then '' else ', as in ' || min(example_stream) end as sentence
    from {{ ref('reconciliation') }}
    where status = 'disagrees'
    group by account_id, stream, date, part

),

newest_documents as (

    select stream, account, account_id, date, report_id, row_count, covers
    from {{ ref('int_report_days') }}
    where document_age = 1

),

doubled as (

    select
        'doubled_document' as kind,
        newest_documents.account_id,
        newest_documents.stream,
        min(newest_documents.date) as date,
        {{ amazon_singer.account_and_day('newest_documents.account_id', 'max(log.account_name)', 'min(newest_documents.date)') }}
        || ' to ' || cast(max(newest_documents.date) as {{ dbt.type_string() }})
        || ', ' || newest_documents.stream || ': report ' || newest_documents.report_id || ' has '
        || cast(max(log.repeated_keys) as {{ dbt.type_string() }}) || ' rows more than once, of '
        || cast(max(log.row_count) as {{ dbt.type_string() }}) as sentence
    from newest_documents
    inner join {{ ref('int_report_log') }} as log
        on newest_documents.report_id = log.report_id
            and newest_documents.stream = log.stream
            and log.repeated_keys > 0
    group by newest_documents.account_id, newest_documents.stream, newest_documents.report_id

),

counted as (

    select
        totals.stream,
        totals.account_id,
        totals.date,
        totals.row_count as rows_found
    from {{ ref('int_stream_totals') }} as totals
    where totals.source_name = 'amazon_ads'

),

miscounted as (

    select
        'rows_differ' as kind,
        newest_documents.account_id,
        newest_documents.stream,
        newest_documents.date,
        {{ amazon_singer.account_and_day('newest_documents.account_id', 'accounts.account_name', 'newest_documents.date') }}
        || ', ' || newest_documents.stream || ': ' || cast(coalesce(counted.rows_found, 0) as {{ dbt.type_string() }})
        || ' rows in the table, ' || cast(newest_documents.row_count as {{ dbt.type_string() }})
        || ' in report ' || newest_documents.report_id as sentence
    from newest_documents
    inner join (select distinct stream from counted) as compared
        on newest_documents.stream = compared.stream
    left join counted
        on newest_documents.stream = counted.stream
            and newest_documents.account_id = counted.account_id
            and newest_documents.date = counted.date
    left join {{ ref('int_report_log') }} as log
        on newest_documents.report_id = log.report_id
            and newest_documents.stream = log.stream
            and log.repeated_keys > 0
    left join {{ ref('int_accounts') }} as accounts
        on newest_documents.account_id = accounts.account_id
    where log.report_id is null
        and coalesce(counted.rows_found, 0) <> newest_documents.row_count

),

restated as (

    select
        'restated_day' as kind,
        account_id,
        stream,
        date,
        {{ amazon_singer.account_and_day('account_id', 'max(account_name)', 'date') }}
        || ', ' || stream || ': changed after it should stand still: '
        || {{ dbt.listagg(
            "metric || ' ' || " ~ amazon_singer.figure('metric', 'first_value') ~ " || ' to ' || "
            ~ amazon_singer.figure('metric', 'last_value'), "', '", "order by metric") }} as sentence
    from {{ ref('restatements') }}
    where is_unusual
    group by account_id, stream, date, part

),

late as (

    select
        'late_account' as kind,
        account_id,
        cast(null as {{ dbt.type_string() }}) as stream,
        max(expected_day) as date,
        'account ' || account_id || coalesce(' (' || max(account_name) || ')', '') || ': no rows in any report after '
        || coalesce(cast(max(newest_day) as {{ dbt.type_string() }}), 'the beginning')
        || ', expected up to ' || cast(max(expected_day) as {{ dbt.type_string() }})
        || '; ' || min(why) as sentence
    from {{ ref('freshness') }}
    where stream not in ('{{ amazon_singer.entity_streams() | join("', '") }}')  -- they are as of now
    group by account_id, marketplace_id
    having max(newest_day) is null
        or {{ dbt.datediff('max(newest_day)', 'max(expected_day)', 'day') }} > {{ var('amazon_late_days') }}

),

obstructed as (

    select
        'unfinished_stream' as kind,
        account_id,
        stream,
        expected_day as date,
        'account ' || account_id || coalesce(' (' || account_name || ')', '') || ', ' || stream || ': ' || why as sentence
    from {{ ref('freshness') }}
    where last_outcome not in ('delivered', 'empty')
        and coalesce(late_by_days, 1) > {{ var('amazon_late_days') }}

),

mixed as (

    select
        'mixed_currency' as kind,
        totals.account_id,
        totals.stream,
        totals.date,
        {{ amazon_singer.account_and_day('totals.account_id', 'accounts.account_name', 'totals.date') }}
        || ', ' || totals.stream || ': ' || cast(totals.rows_in_other_currency as {{ dbt.type_string() }})
        || ' rows say ' || coalesce(totals.other_currency_code, 'several currencies') || ', the account has '
        || coalesce(totals.currency_code, 'none') as sentence
    from {{ ref('int_stream_totals') }} as totals
    left join {{ ref('int_accounts') }} as accounts
        on totals.account_id = accounts.account_id
    where totals.rows_in_other_currency > 0
        or totals.currencies > 1

),

snapshots as (

    select
        ad_product,
        profile_id,
        max(snapshot_at) as snapshot_at
    from {{ ref('campaigns_current') }}
    group by ad_product, profile_id

),

unknown as (

    select
        'unknown_campaign' as kind,
        performance.profile_id as account_id,
        'campaigns' as stream,
        max(performance.date) as date,
        {{ amazon_singer.account_and_day('performance.profile_id', 'max(performance.account_name)', 'max(performance.date)') }}
        || ', ' || performance.ad_product || ': campaign ' || performance.campaign_id
        || coalesce(' (' || max(performance.campaign_name) || ')', '') || ' spent '
        || {{ amazon_singer.figure("'cost'", 'sum(performance.cost)') }} || ' and is in no snapshot of campaigns' as sentence
    from {{ ref('ads_performance_daily') }} as performance
    inner join snapshots
        on performance.ad_product = snapshots.ad_product
            and performance.profile_id = snapshots.profile_id
            and performance.extracted_at <= snapshots.snapshot_at
    left join {{ ref('campaigns_current') }} as campaigns
        on performance.ad_product = campaigns.ad_product
            and performance.profile_id = campaigns.profile_id
            and performance.campaign_id = campaigns.campaign_id
    where campaigns.campaign_id is null
    group by performance.ad_product, performance.profile_id, performance.campaign_id

)

select * from disagreements
union all
select * from doubled
union all
select * from miscounted
union all
select * from restated
union all
select * from late
union all
select * from obstructed
union all
select * from mixed
union all
select * from unknown
